"""The hooks and fixtures of PostgreSQL: started once per run, when a selected test needs it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Generator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest

from backend.tests.plugins.once import DATABASE_FIXTURES
from backend.tests.plugins.postgres import guard
from backend.tests.plugins.postgres.databases import Databases
from backend.tests.plugins.postgres.errors import ServerUnavailableError
from backend.tests.plugins.postgres.names import IDENTITY
from backend.tests.plugins.postgres.server import Server
from backend.tests.plugins.postgres.session import PostgresSession
from backend.tests.plugins.postgres.urls import DatabaseUrl
from backend.tests.plugins.summary import register_service

SESSION = pytest.StashKey[PostgresSession]()


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Refuse a production environment, before another plugin declares it a test's."""
    workerinput: dict[str, Any] | None = getattr(config, "workerinput", None)
    if workerinput is not None:
        IDENTITY.run = workerinput["testrunuid"][:8]
        IDENTITY.worker = workerinput["workerid"]
    else:
        try:
            guard.check_environment()
        except ServerUnavailableError as error:
            raise pytest.UsageError(str(error)) from None
    config.stash[SESSION] = PostgresSession(workerinput)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker how to ask for the server; only a controller has nodes."""
    node.config.stash[SESSION].brief(node.workerinput)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Prepare the worker's database before the first test, whose time limit is not meant for it."""
    if session.config.option.collectonly or session.config.getoption("forks", 0):
        return
    if any(_needs_postgres(item) for item in session.items):
        _databases(session)


@pytest.hookimpl(optionalhook=True)
def pytest_fork(session: pytest.Session) -> None:
    """Start the server, and connect to nothing: a connection does not survive a fork."""
    if any(_needs_postgres(item) for item in session.items):
        try:
            session.config.stash[SESSION].server()
        except ServerUnavailableError as error:
            pytest.exit(str(error), returncode=2)


@pytest.hookimpl(optionalhook=True)
def pytest_forked(session: pytest.Session) -> None:
    """Prepare a forked worker's own database."""
    IDENTITY.worker = session.config.workerinput["workerid"]  # type: ignore[attr-defined]  # xdist's
    session.config.stash[SESSION] = session.config.stash[SESSION].forked()
    if any(_needs_postgres(item) for item in session.items):
        _databases(session)


def _needs_postgres(item: pytest.Item) -> bool:
    return not DATABASE_FIXTURES.isdisjoint(getattr(item, "fixturenames", ()))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Stop the run at the first failure that a dead server explains."""
    report = yield
    if not report.failed or not _needs_postgres(item):
        return report
    if sentence := item.config.stash[SESSION].why_dead():
        report.longrepr = sentence
        item.session.shouldfail = sentence
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Drop the worker's databases, however its tests ended."""
    session.config.stash[SESSION].close_databases()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Let go of the server."""
    if held := config.stash.get(SESSION, None):
        held.close()


def _databases(session: pytest.Session) -> Databases:
    """Return the worker's databases, or end the run with one sentence, under xdist too."""
    held = session.config.stash[SESSION]
    try:
        databases = held.databases()
    except ServerUnavailableError as error:
        if held.in_worker:
            session.shouldstop = str(error)  # what xdist passes on to the controller
        # Not 2 in a worker: xdist would replace it, as one that was interrupted.
        pytest.exit(str(error), returncode=1 if held.in_worker else 2)
    register_service(session.config, databases.server.summary)
    return databases


@pytest.fixture(scope="session")
def postgres_container(request: pytest.FixtureRequest) -> Server:
    """The run's PostgreSQL server: given, embedded or in a container."""
    return _databases(request.session).server


@pytest.fixture(scope="session")
def worker_db_url(postgres_container: Server, pytestconfig: pytest.Config) -> str:
    """The URL (`postgresql+asyncpg://…`) of this worker's own migrated database."""
    return pytestconfig.stash[SESSION].worker_url


CloneDatabase = Callable[..., AbstractAsyncContextManager[DatabaseUrl]]
"""`async with clone_database("purpose") as url:`, or with `empty=True` for one without tables."""


@pytest.fixture(scope="session")
def clone_database(postgres_container: Server, request: pytest.FixtureRequest) -> CloneDatabase:
    """Makes further databases of this worker, some 15 ms each; dropped at the end of the block."""
    databases = _databases(request.session)

    @asynccontextmanager
    async def clone(purpose: str, *, empty: bool = False) -> AsyncIterator[DatabaseUrl]:
        url = databases.clone(purpose, empty=empty)
        try:
            yield url
        finally:
            databases.drop(url)

    return clone
