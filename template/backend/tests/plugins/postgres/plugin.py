"""The hooks and fixtures of PostgreSQL: nothing is started before a selected test needs it, and then once per run."""

from __future__ import annotations

from typing import Any

import pytest

from backend.tests.plugins.postgres.broker import Broker, Holder, ask
from backend.tests.plugins.postgres.databases import Databases
from backend.tests.plugins.postgres.errors import ServerUnavailableError
from backend.tests.plugins.postgres.names import IDENTITY
from backend.tests.plugins.postgres.server import Server
from backend.tests.plugins.postgres.urls import DatabaseUrl


class PostgresSession:
    """What this process holds: the server (its own, or the controller's), and its databases."""

    def __init__(self, workerinput: dict[str, Any] | None) -> None:
        self._workerinput = workerinput
        self._holder = Holder()
        self._broker: Broker | None = None
        self._databases: Databases | None = None
        self._worker_url: DatabaseUrl | None = None
        self.server: Server | None = None

    def brief(self, workerinput: dict[str, Any]) -> None:
        """Tell a worker, from the controller, how to ask for the server."""
        if self._broker is None:
            self._broker = Broker(self._holder)
        workerinput["postgres_broker"] = self._broker.address

    def databases(self) -> Databases:
        """Return this process's databases, with the worker's own one made; raise ServerUnavailableError."""
        if self._databases is None:
            if self._workerinput is None:
                self.server = self._holder.server()
            else:
                self.server = ask(self._workerinput["postgres_broker"])
            self._databases = Databases(self.server)
            self._databases.drop_orphans()
            self._worker_url = self._databases.create()
        return self._databases

    @property
    def worker_url(self) -> DatabaseUrl:
        """Return the URL of the worker's database."""
        self.databases()
        assert self._worker_url is not None
        return self._worker_url

    def close_databases(self) -> None:
        """Drop the worker's databases."""
        if self._databases is not None:
            self._databases.close()
            self._databases = None

    def close(self) -> None:
        """Let go of the server."""
        if self._broker is not None:
            self._broker.close()
        self._holder.close()


SESSION = pytest.StashKey[PostgresSession]()


def pytest_configure(config: pytest.Config) -> None:
    workerinput: dict[str, Any] | None = getattr(config, "workerinput", None)
    if workerinput is not None:
        IDENTITY.run = workerinput["testrunuid"][:8]
        IDENTITY.worker = workerinput["workerid"]
    config.stash[SESSION] = PostgresSession(workerinput)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    node.config.stash[SESSION].brief(node.workerinput)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Prepare the worker's database before the first test, whose time limit is not meant for that."""
    if session.config.option.collectonly:
        return
    if any("postgres_container" in getattr(item, "fixturenames", ()) for item in session.items):
        try:
            session.config.stash[SESSION].databases()
        except ServerUnavailableError as error:
            _give_up(session, str(error))


def _give_up(session: pytest.Session, sentence: str) -> None:
    """End the run with one sentence, under xdist too, where a worker passes it on to the controller."""
    in_worker = hasattr(session.config, "workerinput")
    if in_worker:
        session.shouldstop = sentence
    # xdist would replace a worker that ends as an interrupted one does (2).
    pytest.exit(sentence, returncode=1 if in_worker else 2)


def pytest_sessionfinish(session: pytest.Session) -> None:
    session.config.stash[SESSION].close_databases()


def pytest_unconfigure(config: pytest.Config) -> None:
    held = config.stash.get(SESSION, None)
    if held is not None:
        held.close_databases()
        held.close()


@pytest.fixture(scope="session")
def postgres_container(request: pytest.FixtureRequest) -> Server:
    """The run's PostgreSQL server: given, embedded or in a container."""
    held = request.config.stash[SESSION]
    try:
        held.databases()
    except ServerUnavailableError as error:
        _give_up(request.session, str(error))
    assert held.server is not None
    return held.server


@pytest.fixture(scope="session")
def worker_db_url(postgres_container: Server, pytestconfig: pytest.Config) -> str:
    """The URL (`postgresql+asyncpg://…`) of this worker's own migrated database."""
    return pytestconfig.stash[SESSION].worker_url


class CloneDatabase:
    """`clone_database("purpose")` returns the URL of a new migrated database; `.drop(url)` drops it early."""

    def __init__(self, databases: Databases) -> None:
        self._databases = databases

    def __call__(self, purpose: str = "clone", *, empty: bool = False) -> str:
        """Return the SQLAlchemy URL of a new clone of the template, or of an `empty` database."""
        return self._databases.clone(purpose, empty=empty)

    def drop(self, url: str) -> None:
        """Drop a clone before the run's end, whoever is connected to it."""
        self._databases.drop(url)


@pytest.fixture(scope="session")
def clone_database(postgres_container: Server, pytestconfig: pytest.Config) -> CloneDatabase:
    """A factory for further databases of this worker (20 ms each), dropped at the end of the run."""
    return CloneDatabase(pytestconfig.stash[SESSION].databases())
