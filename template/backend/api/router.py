"""All routes of the application, found by looking into `routes/`."""

from fastapi import APIRouter

from backend.api import routes


def make_router() -> APIRouter:
    """Collect the `router` of every module in `routes/`."""
    router = APIRouter()
    for module in routes.MODULES:
        router.include_router(module.router)
    return router
