"""Which rows of a long list an address asks for, in which order: for its page and its file."""
