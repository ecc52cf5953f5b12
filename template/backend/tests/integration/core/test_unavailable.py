"""A database that is away or busy is a 503 that may be tried again, and no 500."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import text

from backend.core.database import Database
from backend.core.errors import UnavailableError
from backend.core.settings import Settings

LOCK = text("SELECT pg_advisory_xact_lock(1)")


@asynccontextmanager
async def open_database(**settings: object) -> AsyncIterator[Database]:
    database = Database(Settings.model_validate(settings))
    try:
        yield database
    finally:
        await database.dispose()


def test_the_answer_says_when_to_try_again() -> None:
    assert UnavailableError.status == 503
    assert int(UnavailableError().headers["Retry-After"]) > 0


async def test_a_server_that_is_away_is_unavailable() -> None:
    nowhere = "postgresql://app@127.0.0.1:1/app"
    async with open_database(database_url=nowhere) as database:
        with pytest.raises(UnavailableError):
            async with database.session() as session:
                await session.execute(text("SELECT 1"))


async def test_a_pool_that_is_used_up_is_unavailable(integration_env: object) -> None:
    limits: dict[str, object] = {
        "database_pool_size": 1,
        "database_max_overflow": 0,
        "database_pool_timeout": 0.05,
    }
    async with open_database(**limits) as database, database.session() as first:
        await first.execute(text("SELECT 1"))
        with pytest.raises(UnavailableError):
            async with database.session() as second:
                await second.execute(text("SELECT 1"))


async def test_a_lock_is_not_waited_for_without_end(integration_env: object) -> None:
    async with open_database(database_lock_timeout=0.05) as database, database.session() as first:
        await first.execute(LOCK)
        with pytest.raises(UnavailableError):
            async with database.session() as second:
                await second.execute(LOCK)


async def test_a_statement_does_not_run_without_end(integration_env: object) -> None:
    async with open_database(database_statement_timeout=0.05) as database:
        with pytest.raises(UnavailableError):
            async with database.session() as session:
                await session.execute(text("SELECT pg_sleep(5)"))


@pytest.mark.parametrize("failure", [FileNotFoundError, ConnectionError, TimeoutError])
async def test_failures_of_others_stay_what_they_are(
    integration_env: object, failure: type[Exception]
) -> None:
    async with open_database() as database:
        with pytest.raises(failure):
            async with database.session():
                raise failure
