"""Writes to the catalogue, one a file."""
