"""All routes of the application, found by looking into `routes/`."""

from fastapi import APIRouter

from backend.api import routes
from backend.core.discovery import import_modules


def make_router() -> APIRouter:
    """Collect the `router` of every module in `routes/`."""
    router = APIRouter()
    for module in import_modules(routes.__name__, routes.__path__):
        router.include_router(module.router)
    return router
