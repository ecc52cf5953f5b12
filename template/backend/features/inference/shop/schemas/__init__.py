"""What the routes give."""
