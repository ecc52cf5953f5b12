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

from hooks.verify import environment
from tooling.git import copy_work_tree
from tooling.render import render_with_copier
from tooling.uv import readable_folder, uv

HERE = Path(__file__).parent
ANSWERS = {"project_name": "Greenfield Bench", "sample": "none", "redis": False}
COMPARED = "pytest-sqla"
"""Another plugin. It is in a folder of its own, so that only its recipe loads it."""
PACKAGES = (
    *("fastapi", "starlette", "sqlalchemy", "asyncpg", "psycopg", "pydantic", "httpx2"),
    *("pytest", "pytest-asyncio", "pytest-xdist", "pytest-timeout", COMPARED),
)


@dataclass(frozen=True)
class Workspace:
    """A folder with one environment and one project for each number of tables."""

    root: Path
    python: Path

    @property
    def compared(self) -> Path:
        """The folder of the other plugin."""
        return self.root / "compared"

    def project(self, tables: int) -> Path:
        """Return the project with so many tables; it is made at the first call."""
        folder = self.root / f"tables_{tables}"
        if not folder.exists():
            unfinished = folder.with_suffix(".new")
            shutil.rmtree(unfinished, ignore_errors=True)
            shutil.copytree(self.root / "project", unfinished)
            _overlay(unfinished, tables)
            unfinished.rename(folder)
        return folder

    def python_version(self) -> str:
        """Return such as `CPython 3.11.7`."""
        program = "import platform as p; print(p.python_implementation(), p.python_version())"
        return subprocess.check_output([str(self.python), "-c", program], text=True).strip()

    def versions(self) -> dict[str, str]:
        """Return the versions of what is measured, by package."""
        program = (
            "import importlib.metadata as m, json, sys;"
            "print(json.dumps({name: m.version(name) for name in sys.argv[1:]}))"
        )
        command = [str(self.python), "-c", program, *PACKAGES]
        variables = {**environment(), "PYTHONPATH": str(self.compared)}
        output = subprocess.check_output(command, text=True, env=variables)
        found: dict[str, str] = json.loads(output)
        return found


@contextmanager
def workspace(keep: Path | None = None) -> Iterator[Workspace]:
    """Render the working tree and install its packages; in `keep`, all stays for the next run.

    Raises:
        RuntimeError: uv failed.
    """
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        yield _made(keep.resolve())
        return
    with readable_folder() as folder:
        yield _made(folder)


def _made(root: Path) -> Workspace:
    kept = root / ".venv"  # of all projects
    for old in (root / "project", *root.glob("tables_*")):
        shutil.rmtree(old, ignore_errors=True)
    with tempfile.TemporaryDirectory() as source:
        copy_work_tree(Path(source))
        project = render_with_copier(source, ANSWERS, root)
    uv(project, "sync", "--quiet", UV_PROJECT_ENVIRONMENT=str(kept))
    made = Workspace(root, kept / "bin" / "python")
    if not made.compared.exists():
        place = ["--target", str(made.compared), "--python", str(made.python)]
        uv(project, "pip", "install", "--quiet", "--no-deps", *place, COMPARED)
    return made


def _overlay(project: Path, tables: int) -> None:
    for path in (project / "backend" / "tests").rglob("test_*.py"):  # only generated ones are run
        path.unlink()
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
    # The recipe names pytest-sqla's module itself, before its own fixtures.
    ours["addopts"] += ["-p", "no:greenfield", "-p", "no:sqla"]
    # The same settings for the recipes, without those of our plugin.
    lines = [
        f"{name} = {json.dumps(value)}"
        for name, value in ours.items()
        if not name.startswith(("greenfield_", "testpaths"))
    ]
    (bench / "pytest.toml").write_text("\n".join(["[pytest]", *lines, ""]), encoding="utf-8")
    bare = '[pytest]\nstrict = true\nfilterwarnings = ["error"]\n'
    (bench / "bare.toml").write_text(bare, encoding="utf-8")


@dataclass(frozen=True)
class RunningServer:
    """The PostgreSQL of the recipes. Each run of ours starts its own, with the same settings."""

    url: str
    summary: str


@contextmanager
def server(where: Workspace, tables: int) -> Iterator[RunningServer]:
    """Run a server such as the plugin starts, for as long as the block."""
    project = where.project(tables)
    command = [str(where.python), "bench/serve.py"]
    with subprocess.Popen(
        command,
        cwd=project,
        env=environment(),
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        try:
            yield RunningServer(**json.loads(process.stdout.readline() if process.stdout else ""))
        finally:
            if process.stdin:
                process.stdin.close()  # at which it stops the server


def machine() -> dict[str, str]:
    """Return what was measured on, without names that tell whose it is."""
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
