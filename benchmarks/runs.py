"""Run pytest in a project and read what `inside/bench_times.py` noted."""

import json
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.project import RunningServer, Workspace
from hooks.verify import environment


@dataclass(frozen=True)
class Test:
    """One test: its start (epoch), and milliseconds to its end, everything included."""

    name: str
    start: float
    total: float

    @property
    def kind(self) -> str:
        """`http` of `test_http_12`."""
        function = self.name.rpartition("::")[2]
        return function.removeprefix("test_").partition("_")[0]


@dataclass(frozen=True)
class Process:
    """What one process of a run noted: its tests in their order, and the events of its start."""

    events: dict[str, float]
    tests: list[Test]


@dataclass(frozen=True)
class Run:
    """One run of pytest; `seconds` from the command to its end."""

    started: float
    seconds: float
    processes: list[Process]

    @property
    def testing(self) -> float:
        """Seconds from the first test's first line to the last test's end, over all processes."""
        first = min(process.events["first call"] for process in self.processes)
        ends = [t.start + t.total / 1000 for process in self.processes for t in process.tests]
        return max(ends) - first

    def by_kind(self) -> dict[str, list[float]]:
        """Return the milliseconds of each test by kind, without a process's first of each kind."""
        times: dict[str, list[float]] = {}
        for process in self.processes:
            seen: set[str] = set()
            for test in process.tests:
                if test.kind in seen:
                    times.setdefault(test.kind, []).append(test.total)
                seen.add(test.kind)
        return times


def run(
    where: Workspace,
    project: Path,
    *arguments: str,
    server: RunningServer | None = None,
    variables: Mapping[str, str] | None = None,
) -> Run:
    """Run pytest with `arguments`.

    Raises:
        RuntimeError: A test failed; with the end of the output.
    """
    with tempfile.TemporaryDirectory() as folder:
        env = {
            **environment(),
            "BENCH_OUT": folder,
            "BENCH_SERVER": server.url if server else "",
            "BENCH_COMPARED": str(where.compared),
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
        notes = [json.loads(path.read_text("utf-8")) for path in Path(folder).glob("*.json")]
    processes = [_process(note) for note in notes if note["tests"]]
    if not processes or result.returncode:
        end = "\n".join(result.stdout.splitlines()[-40:])
        raise RuntimeError(f"pytest {' '.join(arguments)} exited with {result.returncode}\n{end}")
    return Run(started, seconds, processes)


def _process(note: dict[str, Any]) -> Process:
    rows = sorted(note["tests"], key=lambda row: row[1])
    tests = [Test(name, start, 1000 * seconds) for name, start, seconds in rows]
    return Process(note["events"], tests)


def recipe_arguments(recipe: str, folder: Path, project: Path) -> Sequence[str]:
    """Return how a recipe's tests are run: with the project's settings, without our plugin."""
    settings = ["-c", "bench/pytest.toml", "--rootdir", ".", "--import-mode=importlib"]
    return [*settings, "-p", f"recipes.{recipe}", str(folder.relative_to(project))]


def on_workers(workers: int) -> Sequence[str]:
    """Return the arguments for so many workers; 0 is one process without xdist."""
    return ["-n", str(workers), "--dist=worksteal"] if workers else []
