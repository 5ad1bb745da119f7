"""Audit entries and problem responses."""
