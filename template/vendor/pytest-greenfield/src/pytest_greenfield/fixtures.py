"""The plugin's fixtures. Each can be overridden in a conftest."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .query_log import QueryLog, recorded
from .session import HARNESS

if TYPE_CHECKING:
    from .services.postgres.address import Address
    from .services.postgres.service import Postgres

CloneDatabase = Callable[..., AbstractContextManager["Address"]]
"""`with clone_database("purpose") as address:`, or with `empty=True` for one without tables."""


@pytest.fixture(scope="session")
def postgres_container(request: pytest.FixtureRequest) -> Postgres:
    """The run's PostgreSQL server: given, embedded or in a container."""
    return request.config.stash[HARNESS].isolation.opened()


@pytest.fixture(scope="session")
def worker_db_url(postgres_container: Postgres, request: pytest.FixtureRequest) -> str:
    """The URL (`postgresql://…`) of this worker's own migrated database."""
    worker = request.config.stash[HARNESS].isolation.worker
    return postgres_container.worker_address(worker).url


@pytest.fixture(scope="session")
def clone_database(postgres_container: Postgres) -> CloneDatabase:
    """Makes further databases, some 20 ms each, dropped at the end of the block."""

    @contextmanager
    def clone(purpose: str = "clone", *, empty: bool = False) -> Iterator[Address]:
        address = postgres_container.clone(purpose, empty=empty)
        try:
            yield address
        finally:
            postgres_container.drop(address)

    return clone


@dataclass(frozen=True)
class IntegrationEnvironment:
    """What an application finds in its environment; `variables` are those that the plugin set."""

    database_url: str
    runtime_path: Path
    variables: Mapping[str, str]


@pytest.fixture(scope="session")
def runtime_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for what the application writes while this worker's tests run."""
    return tmp_path_factory.mktemp("runtime")


@pytest.fixture(scope="session")
def integration_env(
    worker_db_url: str, runtime_path: Path, request: pytest.FixtureRequest
) -> IntegrationEnvironment:
    """The environment of an integration test. What a test changes in it is restored."""
    return IntegrationEnvironment(
        worker_db_url, runtime_path, request.config.stash[HARNESS].variables
    )


@pytest.fixture
def clean_tables(postgres_container: Postgres, request: pytest.FixtureRequest) -> None:
    """Every table empty, the rows of migrations too. They are there again for the next test."""
    request.config.stash[HARNESS].isolation.empty_tables()


@pytest.fixture
def query_log() -> Iterator[QueryLog]:
    """Records every statement that is sent through SQLAlchemy during the test."""
    with recorded() as log:
        yield log


@pytest.fixture
def unique_id() -> Callable[..., str]:
    """Makes identifiers that no other test has: `unique_id("order")` is like `order-3f9a…`."""

    def unique_id(prefix: str = "id") -> str:
        return f"{prefix}-{secrets.token_hex(8)}"

    return unique_id


@pytest.fixture
def unique_email(unique_id: Callable[..., str]) -> Callable[[], str]:
    """Makes e-mail addresses that no other test has."""
    return lambda: f"{unique_id('user')}@example.com"


@pytest.fixture(scope="session")
def reset_settings_cache() -> Callable[[], None]:
    """Forgets settings that the application has read and kept; called after each test.

    A project overrides it in its root conftest, to return the function that does so.
    """
    return lambda: None
