"""Backends as other teams write them run unchanged, with the plugin and its settings alone.

Each folder of backends/ is a project with tests of its own. Some of these come in pairs, which pass
in any order only if each of them finds the state that migrations and shared fixtures left.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tooling.uv import find_python

BACKENDS = Path(__file__).with_name("backends")
PLUGIN = Path(__file__).parents[2] / "template/vendor/pytest-greenfield"
OLDEST = (
    "alembic==1.13.0",
    "asyncpg==0.30.0",
    "fastapi==0.115.0",
    "httpx==0.27.0",
    "psycopg[binary]==3.2.3",
    "pydantic-settings==2.6.0",
    "pytest==8.4.0",
    "pytest-asyncio==1.0.0",
    "pytest-timeout==2.4.0",
    "pytest-xdist==3.6.1",
    "sqlalchemy[asyncio]==2.0.36",
)


@dataclass(frozen=True)
class Backend:
    """One of the backends, and the plugins of pytest that it uses; all are installed here."""

    name: str
    tests: int
    plugins: tuple[str, ...] = ()

    @property
    def options(self) -> list[str]:
        return [f"-pno:{name}" for name in ("anyio", "asyncio", "django") if not self.uses(name)]

    def uses(self, plugin: str) -> bool:
        return plugin in self.plugins


@dataclass(frozen=True)
class Outcome:
    """What a run's own report says."""

    tests: int
    not_passed: int
    services: str


ALL = [
    Backend("fastapi_async", 24, ("asyncio",)),
    Backend("sqlmodel_sync", 26),
    Backend("flask_app", 28),
    Backend("starlette_raw", 26, ("anyio",)),
    Backend("django_app", 19, ("django",)),
]


@pytest.fixture(params=ALL, ids=lambda backend: backend.name)
def backend(request: pytest.FixtureRequest) -> Backend:
    chosen: Backend = request.param
    return chosen


@pytest.fixture
def project(backend: Backend, tmp_path: Path) -> Path:
    return copy(backend.name, tmp_path)


def copy(name: str, folder: Path) -> Path:
    ignored = shutil.ignore_patterns("__pycache__", ".pytest_cache")
    return shutil.copytree(BACKENDS / name, folder / name, ignore=ignored)


def files(project: Path) -> set[str]:
    kept = {"__pycache__", ".pytest_cache", "report.xml"}
    paths = (path.relative_to(project) for path in project.rglob("*"))
    return {str(path) for path in paths if not kept & set(path.parts)}


def run(project: Path, *options: str, python: str = sys.executable) -> tuple[Outcome, str]:
    """Run a project's tests as its team does: what the report says, and the output's end."""
    report = project / "report.xml"
    report.unlink(missing_ok=True)
    done = subprocess.run(
        [python, "-m", "pytest", f"--junit-xml={report}", *options],
        cwd=project,
        env=environment(os.environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=300,
    )
    end = "\n".join(done.stdout.splitlines()[-60:])
    assert report.exists(), end
    root = ET.parse(report).getroot()  # noqa: S314 - written by the run itself
    suites = list(root.iter("testsuite"))
    problems = ("failures", "errors", "skipped")
    outcome = Outcome(
        tests=sum(int(suite.get("tests", 0)) for suite in suites),
        not_passed=sum(int(suite.get(name, 0)) for suite in suites for name in problems),
        services="".join(
            item.get("value", "")
            for item in root.iter("property")
            if item.get("name") == "services"
        ),
    )
    return outcome, end


def environment(variables: Mapping[str, str]) -> dict[str, str]:
    """Leave out what belongs to this run: a team has set nothing for the plugin."""
    ours = ("PYTEST_", "COV_", "DATABASE_URL", "TEST_")
    return {name: value for name, value in variables.items() if not name.startswith(ours)}


def test_tests_pass_in_any_order_and_leave_nothing(backend: Backend, project: Path) -> None:
    before = files(project)
    for seed in (1, 2):
        outcome, end = run(project, *backend.options, f"--randomly-seed={seed}")
        assert (outcome.tests, outcome.not_passed) == (backend.tests, 0), end
        assert outcome.services.startswith("PostgreSQL"), end
        assert f"services {outcome.services}" in end
    assert files(project) == before


def test_tests_pass_with_two_workers(backend: Backend, project: Path) -> None:
    outcome, end = run(project, *backend.options, "-n2", "--randomly-seed=3")
    assert (outcome.tests, outcome.not_passed) == (backend.tests, 0), end
    assert outcome.services.startswith("PostgreSQL"), end


def test_a_backend_can_leave_the_settings_out(tmp_path: Path) -> None:
    """The marked lines of each pyproject.toml are all that a team has added."""
    for backend in ALL:
        text = (BACKENDS / backend.name / "pyproject.toml").read_text("utf-8")
        before, _, rest = text.partition("# pytest-greenfield: begin\n")
        settings, _, after = rest.partition("# pytest-greenfield: end\n")
        assert "greenfield" not in before + after, backend.name
        assert "greenfield_environment" in settings, backend.name


@pytest.mark.nightly
def test_oldest_versions(tmp_path: Path) -> None:
    project = copy("fastapi_async", tmp_path)
    uv = os.environ.get("UV") or shutil.which("uv") or "uv"
    python = str(project / ".venv/bin/python")
    for command in (
        [uv, "venv", "--quiet", "--python", find_python("3.11") or sys.executable, ".venv"],
        [uv, "pip", "install", "--quiet", "--python", python, *OLDEST, str(PLUGIN)],
    ):
        subprocess.run(command, cwd=project, check=True, stdin=subprocess.DEVNULL)
    for options in ([], ["-n2"]):
        outcome, end = run(project, *options, python=python)
        assert (outcome.tests, outcome.not_passed) == (24, 0), end
        assert outcome.services.startswith("PostgreSQL"), end
