"""What a release is made of, beside what it was drawn from. Knows no Django."""
