"""For the recipes with real commits: a session and the application on the test's database."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.api.dependencies import get_database
from backend.core.database import Database
from recipes.types import Overrides


@pytest.fixture
async def db_session(database: Database) -> AsyncIterator[AsyncSession]:
    """A session of the test."""
    async with database.session() as session:
        yield session


@pytest.fixture
def overrides(database: Database) -> Overrides:
    """The application uses the test's database."""

    async def given() -> Database:  # a plain function would go through FastAPI's thread pool
        return database

    return {get_database: given}
