"""How long work is portioned out among workers, and how fast they are getting through it."""
