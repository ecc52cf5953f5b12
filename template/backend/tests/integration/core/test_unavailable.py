"""A database that is away or busy is a 503 that may be tried again, and no 500."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import text

from backend.core.database import Database
from backend.core.errors import UnavailableError
from backend.core.settings import Settings

ONE = "SELECT 1"
LOCK = "SELECT pg_advisory_xact_lock(1)"


@asynccontextmanager
async def open_database(settings: dict[str, object]) -> AsyncIterator[Database]:
    database = Database(Settings.model_validate(settings))
    yield database
    await database.dispose()


async def test_a_server_that_is_away_is_unavailable() -> None:
    async with open_database({"database_url": "postgresql://app@127.0.0.1:1/app"}) as database:
        with pytest.raises(UnavailableError):
            async with database.session() as session:
                await session.execute(text(ONE))


@pytest.mark.parametrize(
    ("limits", "first", "second"),
    [
        (
            {"pool_size": 1, "max_overflow": 0, "pool_timeout": 0.05},
            *(ONE, ONE),
        ),
        ({"lock_timeout": 0.05}, LOCK, LOCK),
        ({"statement_timeout": 0.05}, ONE, "SELECT pg_sleep(5)"),
    ],
    ids=["no free connection", "lock", "statement"],
)
async def test_nothing_is_waited_for_without_end(
    integration_env: object, limits: dict[str, object], first: str, second: str
) -> None:
    settings = {f"database_{name}": value for name, value in limits.items()}
    async with open_database(settings) as database, database.session() as one:
        await one.execute(text(first))
        with pytest.raises(UnavailableError):
            async with database.session() as other:
                await other.execute(text(second))


@pytest.mark.parametrize("failure", [FileNotFoundError, ConnectionError, TimeoutError])
async def test_failures_of_others_stay_what_they_are(
    integration_db: Database, failure: type[Exception]
) -> None:
    with pytest.raises(failure):
        async with integration_db.session():
            raise failure
