"""The queries for labels."""
