"""What a round's labels tell about a detector, and which round to draw next. Knows no Django."""
