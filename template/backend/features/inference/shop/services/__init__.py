"""The rules of labelling."""
