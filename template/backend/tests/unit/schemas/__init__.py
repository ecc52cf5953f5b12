"""The shapes that the API takes and gives."""
