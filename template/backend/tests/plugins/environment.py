"""Settings and environment: a test sees its own, and leaves them as they were."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

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
    """Put the environment back after each test, however the test changed it."""
    before = os.environ.copy()
    try:
        return (yield)
    finally:
        if os.environ != before:
            os.environ.clear()
            os.environ.update(before)


@pytest.fixture(autouse=True)
def reset_settings_cache() -> Iterator[None]:
    """Forget the settings that a test has read; autouse."""
    yield
    _forget_settings()


def _forget_settings() -> None:
    # Only where it was imported: a test that reads no settings does not pay for them.
    if module := sys.modules.get("backend.core.settings"):
        module.reset_settings_cache()


@dataclass(frozen=True)
class IntegrationEnvironment:
    """What an integration test finds in its environment."""

    database_url: str
    runtime_path: Path
    settings: Settings


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


@pytest.fixture
def integration_env(
    worker_settings: Settings, runtime_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[IntegrationEnvironment]:
    """The environment that the application would be started with; everything is restored."""
    values = {
        "ENVIRONMENT": worker_settings.environment,
        "DATABASE_URL": worker_settings.database_url,
        "DATABASE_POOL_SIZE": str(worker_settings.database_pool_size),
        "DATABASE_MAX_OVERFLOW": str(worker_settings.database_max_overflow),
        "RUNTIME_PATH": str(runtime_path),
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    _forget_settings()
    yield IntegrationEnvironment(worker_settings.database_url, runtime_path, worker_settings)
    _forget_settings()
