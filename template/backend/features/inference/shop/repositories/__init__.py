"""Every query about labels."""
