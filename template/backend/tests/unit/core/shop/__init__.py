"""The shop's building blocks."""
