"""The test's database: rolled back by default, committed for real when a test asks, or its own.

| fixture | what it gives | after the test |
|---|---|---|
| `integration_db` | the application's `Database`, as the test isolates it | undone |
| `db_session`, `session`, `isolated_db_session` | a session on the same rows | closed |
| `test_db` | the factory of such sessions | |
| `committed_db` | real commits, on several connections | written tables emptied |
| `isolated_db` | a fresh copy of the migrated database, for DDL | dropped |
| `clean_tables` | the same database with every table empty | emptied again |
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Coroutine, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from backend.tests.plugins.once import session_value

if TYPE_CHECKING:
    from sqlalchemy import MetaData, Table
    from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

    from backend.core.database import Database
    from backend.core.settings import Settings
    from backend.tests.plugins.committed import CommittedDatabase
    from backend.tests.plugins.environment import IntegrationEnvironment
    from backend.tests.plugins.isolation.shared import SharedConnection
    from backend.tests.plugins.postgres.plugin import CloneDatabase


@dataclass(frozen=True)
class RolledBack:
    """One real connection, seen by the application and by the test as two databases."""

    shared: SharedConnection
    application: Database
    test: Database


@pytest.fixture(scope="session")
async def rolled_back(worker_settings: Settings) -> AsyncIterator[RolledBack]:
    """The worker's shared connection. Nothing connects before the first statement."""
    import asyncpg

    from backend.core.database import Database
    from backend.tests.plugins.isolation.shared import SharedConnection
    from backend.tests.plugins.isolation.virtual import VirtualConnection
    from backend.tests.plugins.postgres.urls import for_asyncpg

    dsn = for_asyncpg(worker_settings.database_url)
    shared = SharedConnection(partial(asyncpg.connect, dsn, statement_cache_size=0))

    def database(*, of_test: bool) -> Database:
        async def connect(*_arguments: Any, **_options: Any) -> Any:
            return VirtualConnection(shared, of_test=of_test)

        return Database(worker_settings, connect=connect)

    databases = RolledBack(shared, database(of_test=False), database(of_test=True))
    yield databases
    await databases.application.dispose()
    await databases.test.dispose()
    await shared.close()


@dataclass(frozen=True)
class Isolation:
    """How the current test is isolated, and the sessions that it has opened."""

    application: Database
    sessions: async_sessionmaker[AsyncSession]
    opened: list[AsyncSession]
    committed: bool = False


@pytest.fixture
def isolation(request: pytest.FixtureRequest) -> Iterator[Isolation]:
    """Rolled back, unless the test is marked `committed` or asks for `committed_db`."""
    environment: IntegrationEnvironment = session_value(request, "integration_environment")
    environment.enter()
    if request.node.get_closest_marker("committed") or "committed_db" in request.fixturenames:
        committed: CommittedDatabase = session_value(request, "committed_database")
        os.environ["DATABASE_URL"] = committed.url
        database = committed.database
        yield Isolation(database, database.sessions, committed.opened, committed=True)
        # Not an asynchronous fixture, which costs as much again as the statement it sends.
        committed.loop.run_until_complete(committed.restore())
        return
    both: RolledBack = session_value(request, "rolled_back")
    isolation = Isolation(both.application, both.test.sessions, [])
    yield isolation
    both.shared.end_test()
    for session in isolation.opened:
        if session.in_transaction():
            finish(session.close())  # what it had open is gone already: no I/O is left


def finish(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine that waits for nothing, without an event loop: entering one costs 0.1 ms.

    Raises `RuntimeError` when it does wait for something.
    """
    try:
        coroutine.send(None)
    except StopIteration:
        return
    coroutine.close()
    raise RuntimeError(f"{coroutine!r} waits for something, so it needs the event loop")


@pytest.fixture
def integration_db(isolation: Isolation) -> Database:
    """The application's database; what a test does in it is undone."""
    return isolation.application


@pytest.fixture
def test_db(isolation: Isolation) -> async_sessionmaker[AsyncSession]:
    """Makes sessions of the test, on the same rows that the application sees."""
    return isolation.sessions


@pytest.fixture
def db_session(isolation: Isolation) -> AsyncSession:
    """A session of the test. It and the application see each other's rows."""
    session = isolation.sessions()
    isolation.opened.append(session)
    return session


@pytest.fixture
def session(db_session: AsyncSession) -> AsyncSession:
    """The same as `db_session`."""
    return db_session


@pytest.fixture
def isolated_db_session(db_session: AsyncSession) -> AsyncSession:
    """The same as `db_session`: every test's session is isolated."""
    return db_session


@pytest.fixture
async def isolated_db(
    worker_settings: Settings, clone_database: CloneDatabase
) -> AsyncIterator[Database]:
    """A fresh copy of the migrated database, for DDL and migrations; costs 12 to 40 ms."""
    from backend.core.database import Database

    async with clone_database("isolated") as url:
        database = Database(worker_settings.model_copy(update={"database_url": url}))
        yield database
        await database.dispose()


@pytest.fixture(scope="session")
async def committed_database(
    worker_settings: Settings, clone_database: CloneDatabase
) -> AsyncIterator[CommittedDatabase]:
    """The worker's database for real commits, made when the first test asks."""
    from backend.core.database import Database
    from backend.tests.plugins.committed import CommittedDatabase

    async with clone_database("committed") as url:
        database = Database(worker_settings.model_copy(update={"database_url": url}))
        committed = CommittedDatabase(database, get_table_deletion_order())
        await committed.prepare()
        yield committed
        await database.dispose()
        await committed.close()


@pytest.fixture
def committed_db(isolation: Isolation) -> Database:
    """Real commits and several connections; the tables that were written to are emptied."""
    if not isolation.committed:
        pytest.fail(
            "committed_db was asked for when the test had begun, on a database that is rolled "
            "back: name it among the arguments, or mark the test `@pytest.mark.committed`.",
            pytrace=False,
        )
    return isolation.application


@pytest.fixture
async def clean_tables(db_session: AsyncSession) -> AsyncIterator[None]:
    """Every table empty, before and after: DELETE in the order of the foreign keys."""
    await _delete_all(db_session)
    yield
    await _delete_all(db_session)


async def _delete_all(session: AsyncSession) -> None:
    await session.rollback()
    for table in get_table_deletion_order():
        await session.execute(table.delete())
    await session.commit()


def get_table_deletion_order(metadata: MetaData | None = None) -> list[Table]:
    """The tables, those that refer to others first, so that each can be emptied in turn.

    `metadata` defaults to the application's.
    """
    if metadata is None:
        from backend.models.base import Base

        metadata = Base.metadata
    return list(reversed(metadata.sorted_tables))
