"""Sound for curators' ears that is no clip of anything yet."""
