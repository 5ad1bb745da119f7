"""The API of rounds: what they have found, and which to draw next."""
