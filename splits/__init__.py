"""What researchers get: duplicates, splits, releases."""
