"""Gold: what is known, how it is put to people, and what their answers tell of them."""
