"""What every recipe shares: a database a worker with all tables, the application, a client."""

import os
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from backend.core.database import Database
from backend.core.models import Base
from backend.core.settings import Settings
from backend.main import create_app
from recipes.types import Overrides

SERVER = os.environ["BENCH_SERVER"]


@pytest.fixture(scope="session")
async def admin() -> AsyncIterator["asyncpg.Connection[Any]"]:
    """A connection to the maintenance database."""
    connection = await asyncpg.connect(SERVER)
    yield connection
    await connection.close()


@pytest.fixture(scope="session")
async def worker_url(admin: "asyncpg.Connection[Any]") -> AsyncIterator[str]:
    """The URL of this process's own database, with all tables."""
    name = f"test_bench_{os.getpid()}"
    await admin.execute(f"CREATE DATABASE {name}")
    url = make_url(SERVER).set(drivername="postgresql+asyncpg", database=name)
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    await engine.dispose()
    yield url.render_as_string(hide_password=False)
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def settings(worker_url: str) -> Settings:
    """The settings that our harness gives its tests too."""
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
