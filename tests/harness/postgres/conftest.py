"""A project, a cache of its own, and started servers that are stopped after the test."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytest_greenfield.services.postgres.address import Address
from pytest_greenfield.services.postgres.service import Postgres

Start = Callable[..., Postgres]


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch, kept_cache: Path) -> None:
    """Nothing of the machine's own settings."""
    for name in list(os.environ):
        if name.startswith(("PG", "TEST_")) or name.upper() in ("ENVIRONMENT", "APP_ENV", "ENV"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("TEST_CACHE_DIR", str(kept_cache))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with nothing but a name."""
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "my-app"\n', "utf-8")
    return tmp_path


@pytest.fixture
def start(project: Path) -> Iterator[Start]:
    """Starts a PostgreSQL for the project, with DATABASE_URL as its setting."""
    started: list[Postgres] = []

    def start_one(setting: str = "") -> Postgres:
        postgres = Postgres.plan(root=project, settings_migrations=setting, environ=os.environ)
        started.append(postgres)
        postgres.start(database_url)
        return postgres

    yield start_one
    for postgres in reversed(started):
        postgres.stop()


def database_url(address: Address) -> dict[str, str]:
    """Return the variable that most applications read."""
    return {"DATABASE_URL": f"postgresql+asyncpg://{address.address}"}
