"""For (e): one outer transaction and one session for test and application, rolled back."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.api.dependencies import get_session
from backend.core.database import Database
from recipes.types import JoinMode, Overrides

pytest_plugins = ("recipes.common",)


@pytest.fixture
async def db_session(shared_database: Database, join_mode: JoinMode) -> AsyncIterator[AsyncSession]:
    """The one session, inside of the outer transaction."""
    async with shared_database.engine.connect() as connection:
        transaction = await connection.begin()
        session = AsyncSession(
            bind=connection, expire_on_commit=False, join_transaction_mode=join_mode
        )
        yield session
        await session.close()
        await transaction.rollback()


@pytest.fixture
def overrides(db_session: AsyncSession) -> Overrides:
    """The application uses the test's session."""

    async def given() -> AsyncSession:
        return db_session

    return {get_session: given}
