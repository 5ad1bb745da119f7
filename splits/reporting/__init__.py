"""What readers say is wrong with a release, and what curators make of it."""
