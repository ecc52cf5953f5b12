"""The plugin is a distribution of its own: built, installed from git, and used from any folder."""

import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from hooks.verify import environment
from tests.harness.conftest import write
from tooling import ROOT
from tooling.git import commit, copy_work_tree
from tooling.uv import uv

PLACE = Path("template", "vendor", "pytest-greenfield")
SUITE = {
    "pyproject.toml": """
        [project]
        name = "somebody-s"
        version = "1"
        [tool.pytest]
        strict = true
        filterwarnings = ["error"]
        """,
    "tests/unit/test_plain.py": "def test_plain(): ...",
    "tests/integration/test_database.py": """
        import os
        import psycopg

        def test_database(worker_db_url: str) -> None:
            assert worker_db_url == os.environ["DATABASE_URL"]
            with psycopg.connect(worker_db_url) as connection:
                connection.execute("CREATE TABLE left_behind (id int)")
        """,
}
BOTH, ONE = "2 passed", "1 passed"

Pytest = Callable[..., str]


@pytest.fixture(scope="session")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The work tree as a git repository, as somebody else's machine sees it."""
    folder = tmp_path_factory.mktemp("distribution") / "greenfield"
    copy_work_tree(folder)
    commit(folder)
    return folder


@pytest.fixture(scope="session")
def installed(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment that has the plugin by its git address, and xdist."""
    folder = tmp_path_factory.mktemp("installed")
    address = f"git+file://{repository}#subdirectory={PLACE.as_posix()}"
    uv(folder, "venv", "--quiet", "--python", sys.executable, "venv")
    python = folder / "venv" / "bin" / "python"
    packages = [f"pytest-greenfield @ {address}", "pytest-xdist"]
    uv(folder, "pip", "install", "--quiet", "--python", str(python), *packages)
    return python.parent


@pytest.fixture(scope="session")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of two test files, with no setting of the plugin."""
    folder = tmp_path_factory.mktemp("suite")
    write(folder, SUITE)
    return folder


@pytest.fixture
def run_in(installed: Path, suite: Path) -> Pytest:
    """Runs a program of that environment in a folder of that project; returns its output."""

    def run(folder: str, program: str, *arguments: str) -> str:
        result = subprocess.run(
            [installed / program, *arguments],
            cwd=suite / folder,
            env=environment() | {"PATH": f"{installed}{os.pathsep}{os.environ['PATH']}"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert result.returncode == 0, result.stdout
        return result.stdout

    return run


def test_the_built_distributions_hold_what_is_needed(repository: Path, tmp_path: Path) -> None:
    uv(repository / PLACE, "build", "--quiet", "--out-dir", str(tmp_path))
    (wheel,) = tmp_path.glob("*.whl")
    sources = {
        path.relative_to(repository / PLACE / "src").as_posix()
        for path in (repository / PLACE / "src").rglob("*")
        if path.is_file()
    }
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        (entry_points,) = (name for name in names if name.endswith("entry_points.txt"))
        declared = archive.read(entry_points).decode()
    assert {name for name in names if ".dist-info/" not in name} == sources
    assert {Path(name).suffix for name in sources} >= {".py", ".sql", ".typed"}
    assert "[pytest11]\ngreenfield = pytest_greenfield.plugin" in declared
    assert "pytest-greenfield = pytest_greenfield.command:main" in declared
    assert list(tmp_path.glob("*.tar.gz"))


@pytest.mark.parametrize(
    ("folder", "command", "passed"),
    [
        pytest.param("", "pytest", BOTH, id="plain"),
        pytest.param("", "pytest -n 2", BOTH, id="workers"),
        pytest.param("", "python -m pytest --randomly-seed=7 --timeout=60", BOTH, id="equals"),
        pytest.param("", "pytest --randomly-seed 7 --timeout 60 -n 1", BOTH, id="without-equals"),
        pytest.param("tests", "pytest unit", ONE, id="a-folder-below"),
        pytest.param("tests", "pytest integration/test_database.py", ONE, id="a-file-below"),
        pytest.param("..", "python -m pytest {suite}/tests/unit", ONE, id="from-outside"),
        pytest.param(
            "tests/integration",
            "python -m pytest --rootdir={suite} {suite}/tests/integration/test_database.py"
            "::test_database",
            ONE,
            id="as-an-ide",
        ),
    ],
)
def test_it_runs_from_anywhere(
    run_in: Pytest, suite: Path, folder: str, command: str, passed: str
) -> None:
    output = run_in(folder, *command.format(suite=suite).split())
    assert passed in output
    assert "this run" in output
    if "seed" in command:
        assert "random seed: 7" in output


def test_its_types_are_found(installed: Path, suite: Path) -> None:
    checked = suite / "typed.py"
    checked.write_text("from pytest_greenfield.fixtures import CloneDatabase as CloneDatabase\n")
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", os.devnull]
    command += ["--python-executable", str(installed / "python"), str(checked)]
    result = subprocess.run(command, cwd=suite, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


def test_its_command_is_installed(run_in: Pytest) -> None:
    assert "check" in run_in("", "pytest-greenfield", "--help")


def test_it_is_published_by_its_own_project_file() -> None:
    """Nothing of it lies outside of its folder."""
    files = {path.name for path in (ROOT / PLACE).iterdir() if not path.name.startswith(".")}
    assert files == {"pyproject.toml", "README.md", "src"}
