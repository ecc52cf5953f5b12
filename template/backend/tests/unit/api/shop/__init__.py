"""The shop's routes, on services whose repositories are in memory."""
