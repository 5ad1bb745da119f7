"""The Synthetic Archive and its simulated annotators."""
