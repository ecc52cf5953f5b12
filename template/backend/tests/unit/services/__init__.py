"""The rules, on repositories in memory."""
