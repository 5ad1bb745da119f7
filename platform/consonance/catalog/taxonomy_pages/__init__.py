"""Curators' pages about taxonomies."""
