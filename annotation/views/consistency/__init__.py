"""Consistency: what an admin reads of labels and people. Pages read stored reports only."""
