"""Consistency reports: what jobs compute and pages read. Only jobs import its computing modules."""
