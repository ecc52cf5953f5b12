"""What every recipe shares: settings, the application, a client."""

from collections.abc import AsyncIterator

import httpx2
import pytest
from fastapi import FastAPI

from backend.core.database import Database
from backend.core.settings import Settings
from backend.main import create_app
from recipes.types import Overrides

pytest_plugins = ("recipes.worker",)


@pytest.fixture(scope="session")
def settings(worker_url: str) -> Settings:
    """The settings that our projects give its tests too."""
    return Settings(
        environment="test",
        database_url=worker_url,
        database_pool_size=5,
        database_max_overflow=2,
        log_level="WARNING",
    )


@pytest.fixture(scope="session")
async def shared_database(settings: Settings) -> AsyncIterator[Database]:
    """One engine a process, for the recipes that keep it."""
    database = Database(settings)
    yield database
    await database.dispose()


@pytest.fixture(scope="session")
def application(settings: Settings, shared_database: Database) -> FastAPI:
    """The application, built once."""
    return create_app(settings, database=shared_database)


@pytest.fixture
async def client(application: FastAPI, overrides: Overrides) -> AsyncIterator[httpx2.AsyncClient]:
    """A client on the application; `overrides` is what a recipe replaces in it."""
    application.dependency_overrides.update(overrides)
    transport = httpx2.ASGITransport(app=application, raise_app_exceptions=False)
    async with (
        application.router.lifespan_context(application),
        httpx2.AsyncClient(transport=transport, base_url="http://test") as client,
    ):
        yield client
    application.dependency_overrides.clear()
