"""The routes, one module per resource. Each has a `router` with its own prefix and tags."""
