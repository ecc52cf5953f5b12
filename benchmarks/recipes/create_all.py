"""(c) One engine; every table is created before each test and dropped after it."""

from collections.abc import AsyncIterator

import pytest

from backend.core.database import Database
from backend.core.models import Base

pytest_plugins = ("recipes.common", "recipes.session")


@pytest.fixture(scope="session", autouse=True)
async def no_tables(shared_database: Database) -> None:
    """Begin without the tables that `worker_url` made."""
    async with shared_database.engine.begin() as connection:
        await connection.run_sync(Base.metadata.drop_all)


@pytest.fixture
async def database(shared_database: Database) -> AsyncIterator[Database]:
    """The process's engine, on tables of the test's own."""
    async with shared_database.engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield shared_database
    async with shared_database.engine.begin() as connection:
        await connection.run_sync(Base.metadata.drop_all)
