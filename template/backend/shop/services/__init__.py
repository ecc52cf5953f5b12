"""The rules, one use case a module: no web framework, no SQL. A service commits its own work."""
