"""A new engine for each test, and DELETE from every table before and after it."""

from collections.abc import AsyncIterator

import pytest

from backend.bench.models import Base
from backend.core.database import Database
from backend.core.settings import Settings

pytest_plugins = ("recipes.common", "recipes.session")

ORDER = list(reversed(Base.metadata.sorted_tables))


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    """An engine of the test's own, on empty tables."""
    database = Database(settings)
    await delete_all(database)
    yield database
    await delete_all(database)
    await database.dispose()


async def delete_all(database: Database) -> None:
    """Empty the tables, those that refer to others first, in one transaction."""
    async with database.session() as session:
        for table in ORDER:
            await session.execute(table.delete())
        await session.commit()
