"""Run pytest in a project and read what `inside/bench_times.py` wrote down."""

import json
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.project import RunningServer, Workspace, clean


@dataclass(frozen=True)
class Test:
    """One test: milliseconds from its start to its end, everything included, and by phases."""

    name: str
    start: float
    total: float
    phases: float

    @property
    def kind(self) -> str:
        """`http` of `test_http_12`."""
        function = self.name.rpartition("::")[2]
        return function.removeprefix("test_").partition("_")[0]


@dataclass(frozen=True)
class Run:
    """One run of pytest; `seconds` from the command to its end."""

    started: float
    seconds: float
    workers: list[dict[str, Any]]
    """What each process wrote."""
    output: str
    failed: int
    tests: list[Test]
    raw: list[float] = field(default_factory=list)
    """Seconds of BEGIN…ROLLBACK, of the recipe `raw`."""

    @property
    def testing(self) -> float:
        """Seconds from the first test's first line to the last test's end, over all processes.

        What comes before is the start, and has a benchmark of its own.
        """
        workers = [worker for worker in self.workers if worker["tests"]]
        first = min(float(worker["events"]["first call"]) for worker in workers)
        return max(test.start + test.total / 1000 for test in self.tests) - first


def run(
    where: Workspace,
    project: Path,
    *arguments: str,
    server: RunningServer | None = None,
    may_fail: bool = False,
    variables: Mapping[str, str] | None = None,
) -> Run:
    """Run pytest with `arguments`. Raises RuntimeError with its output's end if a test fails."""
    with tempfile.TemporaryDirectory() as folder:
        env = {
            **clean(),
            "BENCH_OUT": folder,
            "BENCH_SERVER": server.url if server else "",
            "PYTHONPATH": str(project / "bench"),
            **(variables or {}),
        }
        started = time.time()
        result = subprocess.run(
            [str(where.python), "-m", "pytest", "-q", "-p", "bench_times", *arguments],
            cwd=project,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        seconds = time.time() - started
        workers = [json.loads(path.read_text("utf-8")) for path in Path(folder).glob("*.json")]
        raw = Path(folder, "raw.samples")
        samples = json.loads(raw.read_text("utf-8")) if raw.exists() else []
    rows = [row for worker in workers for row in worker["tests"]]
    failed = sum(row[4] for row in rows)
    if not rows or result.returncode not in ((0, 1) if may_fail else (0,)):
        end = "\n".join(result.stdout.splitlines()[-40:])
        raise RuntimeError(f"pytest {' '.join(arguments)} exited with {result.returncode}\n{end}")
    tests = [Test(row[0], row[1], row[2] * 1000, row[3] * 1000) for row in rows]
    return Run(started, seconds, workers, result.stdout, failed, tests, samples)


def recipe_arguments(recipe: str, folder: Path, project: Path) -> Sequence[str]:
    """How a recipe's tests are run: with the project's settings for pytest, without our harness."""
    settings = ["-c", "bench/pytest.toml", "--rootdir", ".", "--import-mode=importlib"]
    return [*settings, "-p", f"recipes.{recipe}", str(folder.relative_to(project))]


def on_workers(workers: int) -> Sequence[str]:
    """The arguments for so many workers; 0 is one process without xdist."""
    return ["-n", str(workers), "--dist=worksteal"] if workers else []
