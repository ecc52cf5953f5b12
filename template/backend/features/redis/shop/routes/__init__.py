"""Routes of the shop that need Redis."""
