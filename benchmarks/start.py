"""`uv run python -m benchmarks.start --json OUT`: from the command to the first test's first line.

One test that writes and reads over HTTP, so that all of the application is needed. `cold`: no
cluster and no template yet; `stopped`: both kept, the server not running; `running`: a server that
another run holds. With workers, each has a test; the times are the last worker's. Beside it, what
nobody gets around: importing the application, and pytest's own start with the same third-party
plugins.
"""

import os
import shutil
import subprocess
import sys
import time
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks import command_line, figures, generate
from benchmarks.project import Workspace, clean, scratch, server, workspace
from benchmarks.runs import Run, on_workers, recipe_arguments, run

TABLES = 10
EVENTS = {
    "plugin": "Python, pytest and its plugins",
    "configured": "the harness's plugins",
    "collecting": "session",
    "collected": "collection, with the test's imports",
    "ready": "server and clone",
    "first test": "to the first test",
    "first call": "its fixtures, with the application's import",
}
"""What ends at each event of `bench_times`."""


class Start:
    """Measures starts, with a cache folder of its own."""

    def __init__(self, where: Workspace, cache: Path) -> None:
        self.where = where
        self.project = where.project(TABLES)
        self.cache = cache / "cache"
        folder = self.project / "backend" / "tests" / "integration" / "bench_start"
        self.ours = generate.write(folder, generate.ISOLATION, ("http",), 4, per_module=1)
        folder = self.project / "bench" / "tests" / "start"
        self.floor = generate.write(folder, generate.ISOLATION, ("empty",), 1)

    def first_call(self, state: str, workers: int) -> dict[str, float]:
        """Milliseconds of each part, `total`, and what server and clone are made of."""
        if state == "cold":
            shutil.rmtree(self.cache, ignore_errors=True)
        with ExitStack() as stack:
            if state == "running":
                stack.enter_context(server(self.where, TABLES, self.cache))
            path = str(self.ours.relative_to(self.project))
            if not workers:
                path += "/test_part_000.py"
            return _parts(
                run(
                    self.where,
                    self.project,
                    path,
                    *on_workers(workers),
                    variables={"TEST_CACHE_DIR": str(self.cache)},
                )
            )

    def pytest_floor(self) -> float:
        """Milliseconds to an empty async test's first line, without our harness."""
        arguments = recipe_arguments("floor", self.floor, self.project)
        return _parts(run(self.where, self.project, *arguments))["total"]

    def import_app(self) -> float:
        """Milliseconds that `import backend.main` takes in an empty process, without Python's."""
        return self._python("import backend.main, httpx2, asyncpg") - self._python("pass")

    def _python(self, program: str) -> float:
        start = time.perf_counter()
        command = [str(self.where.python), "-c", program]
        subprocess.run(command, cwd=self.project, env=clean(), check=True)
        return 1000 * (time.perf_counter() - start)


def place_of_clusters() -> Path | None:
    """Where the harness keeps a cluster, as far as it matters: root's is in memory."""
    memory = Path("/dev/shm")  # noqa: S108 - made by tempfile
    return memory if os.geteuid() == 0 and memory.is_dir() else None


def _parts(result: Run) -> dict[str, float]:
    workers = [worker for worker in result.workers if worker["tests"]]
    last = max(workers, key=lambda worker: float(worker["events"]["first call"]))
    events = {"command": result.started, **last["events"]}
    names = [name for name in ("command", *EVENTS) if name in events]
    parts = {after: 1000 * (events[after] - events[before]) for before, after in pairwise(names)}
    spans = {f"span {name}": 1000 * seconds for name, seconds in last["spans"].items()}
    return {**parts, **spans, "total": 1000 * (events["first call"] - result.started)}


def main(given: list[str] | None = None) -> dict[str, Any]:
    """Measure, print, save."""
    parser = command_line.parser(__doc__)
    parser.add_argument("--repetitions", type=int, default=7)
    parser.add_argument("--cold-repetitions", type=int, default=2)
    parser.add_argument("--workers", type=int, nargs="+", default=[0, 2, 4])
    settings = parser.parse_args(given)
    if settings.quick:
        settings.repetitions, settings.cold_repetitions, settings.workers = 1, 1, [0]
    samples: dict[tuple[str, int], list[dict[str, float]]] = {}
    imports: list[float] = []
    floors: list[float] = []
    with workspace(settings.keep) as where, scratch(place_of_clusters()) as cache:
        start = Start(where, cache)
        for number in range(settings.repetitions):
            print(f"  {number + 1}/{settings.repetitions}", file=sys.stderr)
            imports.append(start.import_app())
            floors.append(start.pytest_floor())
            for workers in settings.workers:
                states = ["stopped", "running"]
                if workers == 0 and number < settings.cold_repetitions:
                    states.insert(0, "cold")
                for state in states:
                    parts = start.first_call(state, workers)
                    samples.setdefault((state, workers), []).append(parts)
        least = [a + b for a, b in zip(imports, floors, strict=True)]
        rows: list[dict[str, Any]] = []
        for (state, workers), series in samples.items():
            names = {name: None for parts in series for name in parts}
            rows.append(
                {
                    "state": state,
                    "workers": workers,
                    "parts": {
                        name: figures.summary([parts.get(name, 0.0) for parts in series])
                        for name in names
                    },
                    "ratio": figures.ratios(
                        [parts["total"] for parts in series], least[: len(series)]
                    ),
                }
            )
        results: dict[str, Any] = {
            "import": figures.summary(imports),
            "pytest": figures.summary(floors),
            "starts": rows,
        }
        print(f"importing the application {figures.shown(results['import'], ' ms')}")
        print(f"pytest to an empty test   {figures.shown(results['pytest'], ' ms')}")
        for row in rows:
            print(f"{row['state']}, {row['workers']} workers: {figures.shown(row['ratio'], ' x')}")
            for name, part in row["parts"].items():
                print(f"    {EVENTS.get(name, name):48} {figures.shown(part, ' ms')}")
        figures.save(settings.json, "benchmarks.start", where, None, results)
    return results


if __name__ == "__main__":
    main()
