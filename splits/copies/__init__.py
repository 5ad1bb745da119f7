"""Copies in a collection: searched with what curators said of them, listed for their ears."""
