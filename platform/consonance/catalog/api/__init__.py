"""The catalogue through the API."""
