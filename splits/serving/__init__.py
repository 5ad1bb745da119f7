"""A release as it is handed out: what of it is served, which part is asked for, as which bytes."""
