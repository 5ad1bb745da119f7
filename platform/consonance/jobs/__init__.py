"""Long work as rows with leases."""
