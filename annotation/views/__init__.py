"""Pages of this room, one concern a file."""
