"""Response schemas."""
