"""Routes and what they depend on. The only layer that knows FastAPI."""
