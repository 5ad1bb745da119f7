"""Consonance: from unlabelled recordings to an honestly labelled, fairly split dataset."""

__version__ = "0.1.0"
