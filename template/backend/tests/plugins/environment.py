"""Settings and environment: a test sees its own, and leaves them as they were."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from backend.tests.plugins.once import session_value

if TYPE_CHECKING:
    from backend.core.settings import Settings

NO_DATABASE = "postgresql+asyncpg://ask-for-a-database-fixture.invalid/test"
"""What a test sees as DATABASE_URL until it asks for a database: never the developer's own."""


def pytest_configure() -> None:
    """Make every setting a test's, before anything reads one."""
    os.environ["ENVIRONMENT"] = "test"
    os.environ["DATABASE_URL"] = NO_DATABASE


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Generator[None, object, object]:
    """Put environment and settings back after each test, however the test changed them.

    A hook, because an autouse fixture costs every unit test as much as the test itself.
    """
    before = _VARIABLES.copy()
    try:
        return (yield)
    finally:
        if before != _VARIABLES:
            _restore_environment(before)
        _forget_settings()


# The dict inside of os.environ: copying and comparing it takes 1 µs a test, os.environ itself 60.
_VARIABLES: dict[Any, Any] = os.environ._data  # type: ignore[attr-defined]  # private, since 3.3


def _restore_environment(before: dict[Any, Any]) -> None:
    after = _VARIABLES.copy()
    for raw_name in after.keys() - before.keys():
        del os.environ[os.fsdecode(raw_name)]
    for raw_name, raw_value in before.items():
        if after.get(raw_name) != raw_value:
            os.environ[os.fsdecode(raw_name)] = os.fsdecode(raw_value)


@pytest.fixture
def reset_settings_cache() -> Callable[[], None]:
    """Forgets the settings in the middle of a test; after each test it is done anyway."""
    return _forget_settings


def _forget_settings() -> None:
    # Only where it was imported: a test that reads no settings does not pay for them.
    if module := sys.modules.get("backend.core.settings"):
        module.reset_settings_cache()


@dataclass(frozen=True)
class IntegrationEnvironment:
    """What an integration test finds in its environment; `variables` are the same for a process."""

    database_url: str
    runtime_path: Path
    settings: Settings
    variables: Mapping[str, str]

    def enter(self) -> None:
        """Make it this process's; the end of the test undoes it."""
        os.environ.update(self.variables)
        _forget_settings()


@pytest.fixture(scope="session")
def worker_settings(worker_db_url: str) -> Settings:
    """The application's settings for this worker's database; 5 + 2 connections, 10 + 5 in CI."""
    from backend.core.settings import Settings

    size, overflow = (10, 5) if os.environ.get("CI") else (5, 2)
    return Settings(
        environment="test",
        database_url=worker_db_url,
        database_pool_size=size,
        database_max_overflow=overflow,
        log_level="WARNING",
    )


@pytest.fixture(scope="session")
def runtime_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for what the application writes while this worker's tests run."""
    return tmp_path_factory.mktemp("runtime")


@pytest.fixture(scope="session")
def integration_environment(
    worker_settings: Settings, runtime_path: Path
) -> IntegrationEnvironment:
    """The environment that the application would be started with on this worker's database."""
    variables = {
        "ENVIRONMENT": worker_settings.environment,
        "DATABASE_URL": worker_settings.database_url,
        "DATABASE_POOL_SIZE": str(worker_settings.database_pool_size),
        "DATABASE_MAX_OVERFLOW": str(worker_settings.database_max_overflow),
        "RUNTIME_PATH": str(runtime_path),
    }
    return IntegrationEnvironment(
        worker_settings.database_url, runtime_path, worker_settings, variables
    )


@pytest.fixture
def integration_env(request: pytest.FixtureRequest) -> IntegrationEnvironment:
    """The environment that the application would be started with; everything is restored."""
    environment: IntegrationEnvironment = session_value(request, "integration_environment")
    environment.enter()
    return environment
