"""The composition root: discovery, creation and closing of parts."""

import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType

import pytest
from fastapi import FastAPI

from backend.core import domains
from backend.core.settings import Settings, load_settings, read_project_name
from backend.main import create_app
from backend.tests.fakes.database import FakeDatabase


def test_without_settings_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERVICE_NAME", "from-the-environment")
    app = create_app()
    assert app.title == "from-the-environment"
    assert app.state.settings.get(Settings) is load_settings(Settings)
    assert not hasattr(app.state, "database")  # nothing is made before the lifespan
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert app.version == project["version"]
    assert Settings(service_name=read_project_name()).service_name == project["name"]


async def test_each_run_closes_the_database_that_it_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend.main.Database", lambda _settings: FakeDatabase())
    app = create_app(Settings())
    made: list[FakeDatabase] = []

    async def run() -> None:
        async with app.router.lifespan_context(app):
            made.append(app.state.database)
            raise RuntimeError("stopped")

    for _ in range(2):
        with pytest.raises(RuntimeError, match="stopped"):
            await run()
    assert made[0] is not made[1]
    assert [database.disposals for database in made] == [1, 1]


async def test_parts_are_installed_and_live_as_long_as_the_app(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    events: list[str] = []

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        events.append(f"started with {type(app.state.database).__name__}")
        yield
        events.append("stopped")

    part = ModuleType("part")
    part.__dict__.update(install=lambda app: events.append(app.title), lifespan=lifespan)
    monkeypatch.setattr(domains, "load_parts", lambda: [part])
    database = FakeDatabase()
    app = create_app(Settings(service_name="shelf"), database=database)
    async with app.router.lifespan_context(app):
        pass
    assert events == ["shelf", "started with FakeDatabase", "stopped"]
    assert database.disposals == 0  # it was provided


def test_a_domain_is_a_folder_with_a_module_domain(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("orders", "billing"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "domain.py").touch()
    (tmp_path / "core").mkdir()
    monkeypatch.setattr(domains, "BACKEND", tmp_path)
    assert domains.find_domains() == ["billing", "orders"]


def test_features_come_after_the_domains() -> None:
    expected = [f"backend.{name}.domain" for name in domains.find_domains()]
    expected += [f"backend.features.{name}.feature" for name in domains.find_features()]
    assert [part.__name__ for part in domains.load_parts()] == expected
