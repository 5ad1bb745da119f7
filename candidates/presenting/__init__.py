"""What the rounds' pages draw, as numbers and places: no page is needed to test them."""
