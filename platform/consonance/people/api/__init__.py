"""Consent through the API."""
