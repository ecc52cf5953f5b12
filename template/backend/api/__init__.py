"""The web: dependencies, error rendering and routes. The only layer that knows FastAPI."""
