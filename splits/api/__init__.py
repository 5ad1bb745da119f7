"""Releases through the API."""
