"""A curator's pages about rounds."""
