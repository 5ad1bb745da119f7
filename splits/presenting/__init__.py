"""Releases in words: what pages and the API tell of them."""
