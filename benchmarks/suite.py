"""`uv run python -m benchmarks.suite --json OUT`: a whole suite of the size reported elsewhere.

1,575 integration tests of mixed kinds, ours against the DELETE recipe, and 7,193 unit tests, ours
against pytest with no plugin at all; serial and with workers, ours forked as well, interleaved.
`command` is the whole command, `testing` is from the first test's first line to the last one's end.
Then, what each plugin costs a unit test.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks import command_line, figures, generate
from benchmarks.project import RunningServer, Workspace, server, workspace
from benchmarks.runs import Run, on_workers, recipe_arguments, run

TABLES = 12
BARE = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
BARE_ARGUMENTS = ("-c", "bench/bare.toml", "--rootdir", ".", "--import-mode=importlib")

ADDED = {
    "asyncio": ("-p", "pytest_asyncio"),
    "timeout": ("-p", "pytest_timeout", "-o", "timeout=1"),
    "xdist, not used": ("-p", "xdist"),
    "cov, ctrace": ("-p", "pytest_cov", "--cov=backend", "--cov-report="),
}
"""Third-party plugins, each added to bare pytest."""

PAIRS = (("rolled_back", "delete", "rolled_back"), ("unit", "bare", "bare"))
"""Ours, theirs, and which of the two the other is divided by."""

FORKED = ", forked"
"""At the end of a side's name: its workers are those of `--forks`."""

_PLUGINS = ("environment", "sockets", "serial", "tracebacks", "summary")
REMOVED = {
    **{name: ("-p", f"no:backend.tests.plugins.{name}") for name in _PLUGINS},
    "a seed for each test": ("--randomly-dont-reset-seed",),
    "a time limit for each test": ("--timeout=0",),
}
"""Parts of the harness, each taken away from the whole."""


class Suite:
    """The generated tests, and how each side runs them."""

    def __init__(self, where: Workspace, held: RunningServer, settings: argparse.Namespace) -> None:
        self.where, self.held = where, held
        self.project = where.project(TABLES)
        tests = self.project / "backend" / "tests"
        recipe = self.project / "bench" / "tests"
        self.integration = generate.write(
            tests / "integration" / "bench_mixed",
            generate.INTEGRATION,
            generate.MIX,
            settings.integration,
        )
        self.theirs = generate.write(
            recipe / "mixed", generate.INTEGRATION, generate.MIX, settings.integration
        )
        kinds = tuple(generate.UNIT)
        self.unit = generate.write(tests / "unit" / "bench", generate.UNIT, kinds, settings.unit)
        self.bare = generate.write(recipe / "unit", generate.UNIT, kinds, settings.unit)

    def run(self, side: str, workers: int) -> Run:
        """Run one side's tests."""
        side, forked, _ = side.partition(FORKED)
        how = (f"--forks={workers}",) if forked else on_workers(workers)
        if side == "bare":
            xdist = ("-p", "xdist") if workers else ()
            return self.run_bare(*xdist, *how)
        arguments: list[str] = {
            "rolled_back": [self._path(self.integration)],
            "delete": [*recipe_arguments("delete", self.theirs, self.project)],
            "unit": [self._path(self.unit)],
        }[side]
        return run(self.where, self.project, *arguments, *how, server=self.held)

    def run_bare(self, *arguments: str) -> Run:
        """Run the unit tests with pytest alone and what `arguments` add."""
        paths = [*BARE_ARGUMENTS, self._path(self.bare)]
        return run(self.where, self.project, *paths, *arguments, variables=BARE)

    def run_without(self, part: str) -> Run:
        """Run the unit tests with the harness less one of its parts."""
        return run(self.where, self.project, *REMOVED[part], self._path(self.unit))

    def _path(self, folder: Path) -> str:
        return str(folder.relative_to(self.project))


def measure(suite: Suite, settings: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Yield one row for each number of workers and side."""
    for ours, theirs, base in PAIRS:
        for workers in settings.workers:
            sides = (ours, theirs, ours + FORKED) if workers else (ours, theirs)
            commands: dict[str, list[float]] = {side: [] for side in sides}
            testing: dict[str, list[float]] = {side: [] for side in sides}
            for number in range(settings.repetitions):
                for side in sides:
                    print(f"  {workers} workers, {number + 1}: {side}", file=sys.stderr)
                    result = suite.run(side, workers)
                    commands[side].append(result.seconds)
                    testing[side].append(result.testing)
            for side in sides:
                yield {
                    "side": side,
                    "workers": workers,
                    "tests": settings.integration if theirs == "delete" else settings.unit,
                    "command": figures.summary(commands[side]),
                    "testing": figures.summary(testing[side]),
                    "ratio_command": figures.ratios(commands[side], commands[base]),
                    "ratio_testing": figures.ratios(testing[side], testing[base]),
                }


def plugins(suite: Suite, settings: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Yield what each plugin costs a unit test, in microseconds, against the same repetition."""

    def per_test(result: Run) -> float:
        return 1e6 * result.testing / len(result.tests)

    costs: dict[str, list[float]] = {}
    for number in range(settings.plugin_repetitions):
        print(f"  plugins, {number + 1}", file=sys.stderr)
        bare, whole = per_test(suite.run_bare()), per_test(suite.run("unit", 0))
        costs.setdefault("bare pytest, all of it", []).append(bare)
        costs.setdefault("ours, all of it", []).append(whole)
        for name, arguments in ADDED.items():
            costs.setdefault(f"+ {name}", []).append(per_test(suite.run_bare(*arguments)) - bare)
        for name in REMOVED:
            less = whole - per_test(suite.run_without(name))
            costs.setdefault(f"harness: {name}", []).append(less)
    for name, microseconds in costs.items():
        yield {"plugin": name, **figures.summary(microseconds)}


def main(given: list[str] | None = None) -> dict[str, Any]:
    """Measure, print, save."""
    parser = command_line.parser(__doc__)
    parser.add_argument("--integration", type=int, default=1575, help="integration tests")
    parser.add_argument("--unit", type=int, default=7193, help="unit tests")
    parser.add_argument("--workers", type=int, nargs="+", default=[0, 2, 4])
    parser.add_argument("--repetitions", type=int, default=1)
    parser.add_argument("--plugin-repetitions", type=int, default=1)
    settings = parser.parse_args(given)
    if settings.quick:
        settings.integration, settings.unit = 20, 40
        settings.workers, settings.plugin_repetitions = [0], 0
    with workspace(settings.keep) as where, server(where, TABLES) as held:
        suite = Suite(where, held, settings)
        results = {
            "runs": list(measure(suite, settings)),
            "plugins": list(plugins(suite, settings)),
        }
        for row in results["runs"]:
            print(
                f"{row['tests']:5} tests, {row['workers']} workers  {row['side']:20}"
                f" command {figures.shown(row['command'], ' s')},"
                f" tests {figures.shown(row['testing'], ' s')};"
                f" ratio {figures.shown(row['ratio_command'], ' x')}"
                f" and {figures.shown(row['ratio_testing'], ' x')}"
            )
        for row in results["plugins"]:
            print(f"{row['plugin']:28} {figures.shown(row, ' us')} a unit test")
        figures.save(settings.json, "benchmarks.suite", where, held, results)
    return results


if __name__ == "__main__":
    main()
