"""The routes, one resource a module. Each has a `router` with its own prefix and tags."""
