"""Hashing passwords and signing tokens."""
