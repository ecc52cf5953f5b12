"""All routes of the application, found by looking into `routes/`."""

from fastapi import FastAPI

from backend.api import routes
from backend.core.discovery import import_modules


def install(app: FastAPI) -> None:
    """Add the `router` of every module in `routes/`.

    One by one, because a router within a router is worked out twice: 45 ms for thirty routes.
    """
    for module in import_modules(routes.__name__, routes.__path__):
        app.include_router(module.router)
