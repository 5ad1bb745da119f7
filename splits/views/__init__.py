"""Pages about releases: one module a task."""
