"""The plugin's fixtures. Each can be overridden in a conftest."""

from __future__ import annotations

import secrets
import sys
import types
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from .errors import ServiceUnavailableError
from .query_log import QueryLog, recorded
from .services.service import in_ci
from .session import HARNESS

if TYPE_CHECKING:
    from unittest.mock import AsyncMock

    from .services.postgres.address import Address
    from .services.postgres.service import Postgres
    from .services.rabbitmq.service import RabbitMQ
    from .services.redis.service import Redis
    from .services.s3.service import S3
    from .services.service import Service
    from .services.wiremock.client import WireMock
    from .services.wiremock.service import WireMockService

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


def _service(request: pytest.FixtureRequest, name: str) -> Any:
    isolation = request.config.stash[HARNESS].isolation
    isolation.open()
    service: Service | None = isolation.services.get(name)
    if service is None:
        pytest.fail(
            f"{request.fixturename} needs a variable with {{{name}.url}} in greenfield_environment"
            f' of the project\'s settings, such as "{name.upper()}_URL={{{name}.url}}".',
            pytrace=False,
        )
    return service


@pytest.fixture(scope="session")
def redis_container(request: pytest.FixtureRequest) -> Redis:
    """The worker's Redis; `with redis_container.down():` stops it for a while."""
    redis: Redis = _service(request, "redis")
    return redis


@pytest.fixture(scope="session")
def worker_redis_url(redis_container: Redis) -> str:
    """The URL (`redis://…`) with which the application connects to this worker's Redis."""
    return redis_container.url


@pytest.fixture(scope="session")
def s3_storage(request: pytest.FixtureRequest) -> S3:
    """The run's S3: `values()` has its `url`, `access_key`, `secret_key` and `region`."""
    s3: S3 = _service(request, "s3")
    return s3


@pytest.fixture(scope="session")
def worker_s3(s3_storage: S3) -> str:
    """The name of this worker's bucket; it may make others, whose names begin so."""
    return s3_storage.bucket


@pytest.fixture(scope="session")
def rabbitmq(request: pytest.FixtureRequest) -> RabbitMQ:
    """The worker's vhost on the run's RabbitMQ, at `rabbitmq.url`.

    Where it cannot be had, its tests are skipped, and fail in CI.
    """
    service: RabbitMQ = _service(request, "amqp")
    harness = request.config.stash[HARNESS]
    try:
        if not service.opened:
            if harness.isolation.starts_server:
                service.start()
            service.open()
            service.opened = True
            harness.register_services()
    except ServiceUnavailableError as error:
        if in_ci():
            pytest.fail(f"RabbitMQ is needed where CI is set: {error}", pytrace=False)
        harness.levels.not_run["rabbitmq"] = f"tests of RabbitMQ: {error}"
        pytest.skip(str(error))
    return service


@pytest.fixture
def mock_redis() -> AsyncMock:
    """A mock of `redis.asyncio.Redis` whose `ping` answers, so that a health check passes."""
    from .services.redis.mock import make_mock

    return make_mock()


@pytest.fixture(scope="session")
def wiremock_mappings(pytestconfig: pytest.Config) -> Sequence[Path]:
    """The files with mappings: `*.json` in folders called `wiremock` below pytest's testpaths."""
    paths = pytestconfig.getini("testpaths") or ["tests"]
    folders = [pytestconfig.rootpath / path for path in paths]
    return sorted(file for folder in folders for file in folder.rglob("wiremock/*.json"))


@pytest.fixture(scope="session")
def wiremock_container(
    wiremock_mappings: Sequence[Path], request: pytest.FixtureRequest
) -> WireMockService:
    """The worker's WireMock, started now; tests are skipped where there is none, or fail in CI."""
    service: WireMockService = _service(request, "wiremock")
    try:
        service.use(wiremock_mappings)
        service.opened = True
        request.config.stash[HARNESS].register_services()
        return service
    except ServiceUnavailableError as error:
        reason = str(error)
    if service.may_be_missing:
        pytest.skip(reason)
    pytest.fail(reason, pytrace=False)


@pytest.fixture
def wiremock(wiremock_container: WireMockService) -> Iterator[WireMock]:
    """WireMock with the project's mappings. A request without one fails the test."""
    yield wiremock_container.begin()
    if complaint := wiremock_container.complaint():
        pytest.fail(complaint, pytrace=False)


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


async def _real_redis(worker_redis_url: str) -> AsyncIterator[Any]:
    """A client (`redis.asyncio.Redis`) of this worker's Redis."""
    from redis.asyncio import Redis as Client

    async with Client.from_url(worker_redis_url) as client:
        yield client


def register(config: pytest.Config) -> None:
    """Make all of them known to pytest; those with an event loop as the suite's plugin wants it."""
    declare: Any = pytest.fixture
    if config.pluginmanager.has_plugin("asyncio"):
        import pytest_asyncio

        declare = pytest_asyncio.fixture
    with_a_loop: Any = types.ModuleType("greenfield-fixtures-with-a-loop")
    with_a_loop.real_redis = declare(_real_redis, name="real_redis")
    for module in (sys.modules[__name__], with_a_loop):
        config.pluginmanager.register(module)
