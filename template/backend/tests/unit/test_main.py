"""The composition root: what is made when, and who closes it."""

import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType

import pytest
from fastapi import FastAPI

from backend import __version__
from backend.core import domains
from backend.core.database import Database
from backend.core.settings import Settings, load_settings, read_project_name
from backend.main import create_app
from backend.tests.fakes.database import FakeDatabase


class TestCreateApp:
    def test_without_settings_the_environment_is_read(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SERVICE_NAME", "from-the-environment")
        app = create_app()
        assert app.title == "from-the-environment"
        assert app.state.settings.get(Settings) is load_settings(Settings)

    def test_nothing_is_connected_before_the_lifespan(self) -> None:
        app = create_app(Settings())
        assert not hasattr(app.state, "database")

    def test_its_name_is_the_projects_wherever_it_is_started(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))
        monkeypatch.chdir(tmp_path)
        read_project_name.cache_clear()
        assert create_app(Settings()).title == project["project"]["name"]

    def test_the_version_is_the_projects(self) -> None:
        project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))
        assert create_app(Settings()).version == __version__ == project["project"]["version"]


class TestLifespan:
    async def test_each_run_makes_a_database_of_its_own(self) -> None:
        app = create_app(Settings())
        made = []
        for _ in range(2):
            async with app.router.lifespan_context(app):
                made.append(app.state.database)
        assert all(isinstance(database, Database) for database in made)
        assert made[0] is not made[1]

    async def test_a_given_database_is_used_and_left_open(self) -> None:
        database = FakeDatabase()
        app = create_app(Settings(), database=database)
        for _ in range(2):
            async with app.router.lifespan_context(app):
                assert app.state.database is database
        assert (database.disposals, database.pings) == (0, 0)

    async def test_its_own_database_is_closed_when_the_app_fails(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made: list[FakeDatabase] = []

        def make(_settings: Settings) -> FakeDatabase:
            made.append(FakeDatabase())
            return made[-1]

        monkeypatch.setattr("backend.main.Database", make)
        app = create_app(Settings())
        with pytest.raises(RuntimeError, match="stopped"):
            async with app.router.lifespan_context(app):
                raise RuntimeError("stopped")
        assert [database.disposals for database in made] == [1]


class TestDomains:
    async def test_they_are_installed_and_live_as_long_as_the_app(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        events: list[str] = []

        @asynccontextmanager
        async def lifespan(app: FastAPI) -> AsyncIterator[None]:
            events.append(f"started with {type(app.state.database).__name__}")
            yield
            events.append("stopped")

        living, plain = ModuleType("living"), ModuleType("plain")
        for module in (living, plain):
            name = module.__name__
            module.install = lambda app, name=name: events.append(f"{name} in {app.title}")  # type: ignore[attr-defined]  # a module made by hand
        living.lifespan = lifespan  # type: ignore[attr-defined]  # a module made by hand
        monkeypatch.setattr(domains, "load_parts", lambda: [living, plain])

        app = create_app(Settings(), database=FakeDatabase())
        assert events == [f"living in {app.title}", f"plain in {app.title}"]
        async with app.router.lifespan_context(app):
            pass
        assert events[2:] == ["started with FakeDatabase", "stopped"]
