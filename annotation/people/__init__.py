"""People of campaigns: who has a part in them, what they write, and how they are listed."""
