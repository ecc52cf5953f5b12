"""For the recipes with real commits: a session and the application on the test's database."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.api.dependencies import get_session
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

    async def given() -> AsyncIterator[AsyncSession]:
        async with database.session() as session:
            yield session

    return {get_session: given}
