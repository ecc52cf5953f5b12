"""The features."""
