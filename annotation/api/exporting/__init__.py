"""Whole tables of a campaign, written as they are read."""
