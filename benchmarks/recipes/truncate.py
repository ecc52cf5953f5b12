"""One engine, and one TRUNCATE of all tables after each test."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from backend.bench.models import Base
from backend.core.database import Database

pytest_plugins = ("recipes.common", "recipes.session")

TRUNCATE = text(f"TRUNCATE {', '.join(Base.metadata.tables)} RESTART IDENTITY CASCADE")


@pytest.fixture
async def database(shared_database: Database) -> AsyncIterator[Database]:
    """The process's engine; every table is emptied afterwards."""
    yield shared_database
    async with shared_database.engine.begin() as connection:
        await connection.execute(TRUNCATE)
