"""The composition root. Run with `uv run uvicorn --factory backend.main:create_app`."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager

from fastapi import FastAPI

from backend import __version__
from backend.core import domains
from backend.core.api import docs, errors, health, middleware, openapi
from backend.core.database import Database
from backend.core.logging import configure_logging
from backend.core.settings import AppSettings, Settings, SettingsRegistry

domains.load_parts()  # with this module: a second of imports is too much for the first test


def create_app(*settings: AppSettings, database: Database | None = None) -> FastAPI:
    """Build the application; nothing is connected before its lifespan is entered.

    Args:
        settings: Instances to use instead of what the environment says, at most one a class.
        database: A database to use; it stays open when the app stops. Without one, and in another
            event loop than the database's, each run of the lifespan makes and closes its own.
    """
    registry = SettingsRegistry(*settings)
    core = registry.get(Settings)
    configure_logging(core)
    app = FastAPI(
        title=core.service_name,
        version=__version__,
        lifespan=_make_lifespan(core, database),
        docs_url=None,  # core/api/docs.py has one that is of use without internet
        redoc_url=None,
        openapi_url=None if core.is_production else "/openapi.json",
        redirect_slashes=False,  # such a redirect names the host that the client has sent
    )
    app.state.settings = registry
    app.include_router(health.router)
    for part in domains.load_parts():
        part.install(app)
    errors.install(app)
    middleware.install(app, core)
    openapi.install(app)
    docs.install(app)
    return app


def _make_lifespan(
    settings: Settings, provided: Database | None
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """Make what runs from the app's start to its end. It may run many times, one after another."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            if provided is not None and provided.is_usable_here():
                database = provided
            else:
                database = Database(settings)
                stack.push_async_callback(database.dispose)
            app.state.database = database
            app.state.health_checks = {"database": database.ping}
            app.state.optional_checks = {}
            await stack.enter_async_context(domains.running(domains.load_parts(), app))
            yield

    return lifespan
