"""Writes of this room, one a file: check, then execute in one transaction, then audit."""
