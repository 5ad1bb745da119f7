"""What is asked next, and what no longer is."""
