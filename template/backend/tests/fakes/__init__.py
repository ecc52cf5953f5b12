"""Small working stand-ins that tests pass in where the application would reach outside."""
