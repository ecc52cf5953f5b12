"""The benchmark's routes."""

from fastapi import FastAPI

from backend.bench.api import routes
from backend.core.api.router import include_routers


def install(app: FastAPI) -> None:
    """Add the routes."""
    include_routers(app, routes)
