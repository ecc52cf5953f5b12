"""A plain outer transaction, as in rafsaf/minimal-fastapi-postgres-template.

Test and application share one session, bound to one connection, whose transaction is rolled back.
A rollback inside of a test loses all of the test's rows.
"""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.api.dependencies import get_session
from backend.core.database import Database
from recipes.types import Overrides

pytest_plugins = ("recipes.common",)


@pytest.fixture
async def db_session(shared_database: Database) -> AsyncIterator[AsyncSession]:
    """The one session, inside of the outer transaction."""
    async with shared_database.engine.connect() as connection:
        transaction = await connection.begin()
        session = AsyncSession(bind=connection, expire_on_commit=False)
        yield session
        await session.close()
        await transaction.rollback()


@pytest.fixture
def overrides(db_session: AsyncSession) -> Overrides:
    """The application uses the test's session."""

    async def given() -> AsyncSession:
        return db_session

    return {get_session: given}
