"""The shapes that the API takes and gives, one aggregate a module."""
