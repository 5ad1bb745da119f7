"""Collections, tracks, clips, taxonomies, licences and quarantine."""
