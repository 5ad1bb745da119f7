"""Stored reports as rows, bars and words that templates draw as they are."""
