"""Forms of the curator's pages, and how an address is read."""
