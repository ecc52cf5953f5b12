"""A generated project to measure in: the working tree's, with the benchmark's tables and routes."""

import json
import os
import platform
import re
import shutil
import subprocess
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import copier

from hooks.verify import environment, find_uv
from tests.engines import copy_work_tree

HERE = Path(__file__).parent
ANSWERS = {"project_name": "Greenfield Bench", "sample": "none"}
PACKAGES = (
    *("fastapi", "starlette", "sqlalchemy", "asyncpg", "pydantic", "httpx2"),
    *("pytest", "pytest-asyncio", "pytest-xdist", "pytest-timeout"),
)
_OWN_SETTINGS = ("layer_timeouts", "testpaths")  # what only our harness knows


@dataclass(frozen=True)
class Workspace:
    """A folder with one environment and one project for each number of tables."""

    root: Path
    python: Path

    def project(self, tables: int) -> Path:
        """The project with so many tables; made at the first call."""
        folder = self.root / f"tables_{tables}"
        if not folder.exists():
            unfinished = folder.with_suffix(".new")
            shutil.rmtree(unfinished, ignore_errors=True)
            shutil.copytree(self.root / "base", unfinished)
            _overlay(unfinished, tables)
            unfinished.rename(folder)
        return folder

    def python_version(self) -> str:
        """Such as `CPython 3.11.7`."""
        program = "import platform as p; print(p.python_implementation(), p.python_version())"
        return subprocess.check_output([str(self.python), "-c", program], text=True).strip()

    def versions(self) -> dict[str, str]:
        """The versions of what is measured, by package."""
        program = (
            "import importlib.metadata as m, json, sys;"
            "print(json.dumps({name: m.version(name) for name in sys.argv[1:]}))"
        )
        command = [str(self.python), "-c", program, *PACKAGES]
        found: dict[str, str] = json.loads(subprocess.check_output(command, text=True))
        return found


@contextmanager
def workspace(keep: Path | None = None) -> Iterator[Workspace]:
    """Render the working tree and install its packages; in `keep`, all stays for the next run.

    Raises subprocess.CalledProcessError when uv fails.
    """
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        yield _made(keep.resolve())
        return
    with scratch() as folder:
        yield _made(folder)


@contextmanager
def scratch(parent: Path | None = None) -> Iterator[Path]:
    """A temporary folder that the server's own user can enter, when root measures."""
    with tempfile.TemporaryDirectory(prefix="greenfield-bench-", dir=parent) as folder:
        Path(folder).chmod(0o755)
        yield Path(folder).resolve()


def _made(root: Path) -> Workspace:
    base = root / "base"
    environment_folder = root / ".venv"  # of all projects: only this is kept
    for old in (base, *root.glob("tables_*")):
        shutil.rmtree(old, ignore_errors=True)
    with tempfile.TemporaryDirectory() as source:
        copy_work_tree(Path(source))
        copier.run_copy(source, base, data=ANSWERS, defaults=True, quiet=True)
    variables = {**clean(), "UV_PROJECT_ENVIRONMENT": str(environment_folder)}
    subprocess.run([find_uv() or "uv", "sync", "--quiet"], cwd=base, env=variables, check=True)
    return Workspace(root, environment_folder / "bin" / "python")


def _overlay(project: Path, tables: int) -> None:
    for layer in ("unit", "integration", "e2e"):  # only generated tests are run
        shutil.rmtree(project / "backend" / "tests" / layer, ignore_errors=True)
    shutil.copytree(HERE / "overlay", project, dirs_exist_ok=True)
    for name in ("backend/bench/models/bench.py", "migrations/versions/0001_bench.py"):
        path = project / name
        text = path.read_text(encoding="utf-8")
        path.write_text(
            re.sub(r"^TABLES = \d+$", f"TABLES = {tables}", text, flags=re.MULTILINE),
            encoding="utf-8",
        )
    bench = project / "bench"
    shutil.copytree(HERE / "inside", bench)
    shutil.copytree(HERE / "recipes", bench / "recipes")
    settings = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))
    ours = settings["tool"]["pytest"]
    lines = [
        f"{name} = {json.dumps(value)}" for name, value in ours.items() if name not in _OWN_SETTINGS
    ]
    lines.append('markers = ["committed"]')  # the harness's; without a meaning to the recipes
    # The same settings for the recipes: pytest finds no harness beside this file.
    (bench / "pytest.toml").write_text("\n".join(["[pytest]", *lines, ""]), encoding="utf-8")
    bare = '[pytest]\nstrict = true\nfilterwarnings = ["error"]\n'
    (bench / "bare.toml").write_text(bare, encoding="utf-8")


def clean() -> dict[str, str]:
    """The environment without what would change how a generated project runs."""
    return environment()


@dataclass(frozen=True)
class RunningServer:
    """The PostgreSQL that all runs share: the one that the harness takes."""

    url: str
    summary: str


@contextmanager
def server(where: Workspace, tables: int, cache: Path | None = None) -> Iterator[RunningServer]:
    """Hold the harness's server, so that it is warm for everybody; in `cache`, one of its own."""
    project = where.project(tables)
    command = [str(where.python), "bench/serve.py"]
    env = {**clean(), "PYTHONPATH": str(project)}
    if cache:
        env["TEST_CACHE_DIR"] = str(cache)
    with subprocess.Popen(
        command, cwd=project, env=env, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        try:
            yield RunningServer(**json.loads(process.stdout.readline() if process.stdout else ""))
        finally:
            if process.stdin:
                process.stdin.close()  # at which it lets go of the server


def machine() -> dict[str, str]:
    """What was measured on, without names that tell whose it is."""
    model = platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        found = re.search(r"^model name\s*:\s*(.+)$", cpuinfo.read_text("utf-8"), re.MULTILINE)
        model = found[1] if found else model
    return {
        "processor": model,
        "cores": str(os.cpu_count()),
        "system": f"{platform.system()} {platform.machine()}",
        "load": f"{os.getloadavg()[0]:.1f}",
    }
