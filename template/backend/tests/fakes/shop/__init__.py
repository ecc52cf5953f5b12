"""The shop in memory."""
