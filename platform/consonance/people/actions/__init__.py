"""Writes to accounts and memberships, one a file."""
