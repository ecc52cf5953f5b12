"""Queries, on SQLite in memory or looked at as SQL."""
