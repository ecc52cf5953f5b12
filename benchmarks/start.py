"""`uv run python -m benchmarks.start --json OUT`: from the command to a database test's first line.

One test that writes and reads over HTTP, so that all of the application is needed. `cold`: there is
no cluster and no template yet; `warm`: both are kept from an earlier run. With workers, each has a
test, and the times are the last worker's. Beside it, what nobody gets around: importing the
application, and pytest's own start with the same third-party plugins.
"""

import shutil
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks import command_line, figures, generate
from benchmarks.project import Workspace, workspace
from benchmarks.runs import Run, on_workers, recipe_arguments, run
from hooks.verify import environment
from tooling.uv import readable_folder

TABLES = 10
EVENTS = {
    "plugin": "Python and pytest",
    "configured": "plugins and the root conftest",
    "collected": "collection, with the test's imports",
    "first setup": "the server and the worker's database",
    "first call": "the test's fixtures, with the application's import",
}
"""What ends at each event of `bench_times`."""


class Start:
    """Measures starts, with a cache folder of its own."""

    def __init__(self, where: Workspace, cache: Path) -> None:
        self.where = where
        self.project = where.project(TABLES)
        self.cache = cache / "cache"
        folder = self.project / "backend" / "tests" / "integration" / "bench_start"
        self.ours = generate.write(folder, generate.ISOLATION, ("http",), 2)
        folder = self.project / "bench" / "tests" / "start"
        self.floor = generate.write(folder, generate.ISOLATION, ("empty",), 1)

    def first_call(self, state: str, workers: int) -> dict[str, float]:
        """Return the milliseconds of each part, and `total`."""
        if state == "cold":
            shutil.rmtree(self.cache, ignore_errors=True)
        path = str(self.ours.relative_to(self.project))
        variables = {"TEST_CACHE_DIR": str(self.cache)}
        return _parts(
            run(self.where, self.project, path, *on_workers(workers), variables=variables)
        )

    def pytest_floor(self) -> float:
        """Return the milliseconds to an empty async test's first line, without our plugin."""
        arguments = recipe_arguments("floor", self.floor, self.project)
        return _parts(run(self.where, self.project, *arguments))["total"]

    def import_app(self) -> float:
        """Return the milliseconds that importing the application takes, without Python's own."""
        return self._python("import backend.main, httpx2, asyncpg") - self._python("pass")

    def _python(self, program: str) -> float:
        start = time.perf_counter()
        command = [str(self.where.python), "-c", program]
        subprocess.run(command, cwd=self.project, env=environment(), check=True)
        return 1000 * (time.perf_counter() - start)


def _parts(result: Run) -> dict[str, float]:
    last = max(result.processes, key=lambda process: process.events["first call"])
    events = {"command": result.started, **last.events}
    names = ["command", *EVENTS]
    parts = {after: 1000 * (events[after] - events[before]) for before, after in pairwise(names)}
    return {**parts, "total": 1000 * (events["first call"] - result.started)}


def measure(start: Start, repetitions: int, workers: list[int]) -> dict[str, Any]:
    """Return the samples' summaries; one row for each state and number of workers."""
    samples: dict[tuple[str, int], list[dict[str, float]]] = {}
    imports: list[float] = []
    floors: list[float] = []
    for number in range(repetitions):
        print(f"  {number + 1}/{repetitions}", file=sys.stderr)
        imports.append(start.import_app())
        floors.append(start.pytest_floor())
        for state, count in [("cold", 0), *(("warm", count) for count in workers)]:
            samples.setdefault((state, count), []).append(start.first_call(state, count))
    least = [a + b for a, b in zip(imports, floors, strict=True)]
    rows = [
        {
            "state": state,
            "workers": count,
            "parts": {
                name: figures.summary([parts[name] for parts in series])
                for name in (*EVENTS, "total")
            },
            "ratio": figures.ratios([parts["total"] for parts in series], least),
        }
        for (state, count), series in samples.items()
    ]
    return {"import": figures.summary(imports), "pytest": figures.summary(floors), "rows": rows}


def main(given: list[str] | None = None) -> dict[str, Any]:
    """Measure, print, save."""
    parser = command_line.parser(__doc__)
    parser.add_argument("--repetitions", type=int, default=9)
    parser.add_argument("--workers", type=int, nargs="+", default=[0, 2])
    settings = parser.parse_args(given)
    if settings.quick:
        settings.repetitions, settings.workers = 1, [0]
    with workspace(settings.keep) as where, readable_folder() as cache:
        start = Start(where, cache)
        start.first_call("cold", 0)  # compiles what is imported
        results = measure(start, settings.repetitions, settings.workers)
        print(f"importing the application {figures.shown(results['import'], ' ms')}")
        print(f"pytest to an empty test   {figures.shown(results['pytest'], ' ms')}")
        for row in results["rows"]:
            print(f"{row['state']}, -n {row['workers']}: {figures.shown(row['ratio'], ' x')}")
            for name, part in row["parts"].items():
                print(f"    {EVENTS.get(name, name):52} {figures.shown(part, ' ms')}")
        figures.save(settings.json, "benchmarks.start", where, None, results)
    return results


if __name__ == "__main__":
    main()
