"""What curators and admins do, for their own tools: the same actions as the pages'."""
