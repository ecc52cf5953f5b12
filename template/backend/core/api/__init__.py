"""What the API of every domain shares: dependencies, errors as responses, health, middleware."""
