"""What people's answers teach about scores, gathered from tables for `loop` and `search`."""
