"""Writes to jobs, one a file."""
