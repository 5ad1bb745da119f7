"""Releases in a public repository that gives them a DOI."""
