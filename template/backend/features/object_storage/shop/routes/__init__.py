"""Routes of the shop that need object storage."""
