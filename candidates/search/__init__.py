"""Searching for a better head: what is tried, in which order, who goes on, and who won.

Numbers only: neither Django nor Celery. Rows, leases and pages stand in the rooms around it.
"""
