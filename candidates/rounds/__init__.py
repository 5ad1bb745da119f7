"""What a round is drawn from, and what its recipe would give."""
