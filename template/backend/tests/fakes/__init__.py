"""Small working implementations that tests pass in instead of external systems."""
