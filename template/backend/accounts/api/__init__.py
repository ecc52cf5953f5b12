"""Routes and their dependencies. The only layer that imports FastAPI."""
