"""Jobs through the API."""
