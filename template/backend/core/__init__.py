"""What every domain needs, and nothing of a domain."""
