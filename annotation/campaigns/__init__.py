"""Campaigns: their rules, guidelines, pilots and previews."""
