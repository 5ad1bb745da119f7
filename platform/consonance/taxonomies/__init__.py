"""Taxonomies: classes, their file, AudioSet's ontology, two versions compared; no Django."""
