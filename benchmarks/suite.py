"""`uv run python -m benchmarks.suite --json OUT`: a whole suite of the size reported elsewhere.

1,575 integration tests of mixed kinds, ours against the DELETE recipe, serial and with workers; the
same for a synchronous application on psycopg; and 7,193 unit tests, ours against pytest with no
plugin at all. In turn (A B A B …). `command` is the whole command; `testing` is from the first
test's first line to the last one's end.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from benchmarks import command_line, figures, generate
from benchmarks.project import RunningServer, Workspace, server, workspace
from benchmarks.runs import Run, on_workers, recipe_arguments, run

TABLES = 12
BARE = ("-c", "bench/bare.toml", "--rootdir", ".", "--import-mode=importlib")


@dataclass(frozen=True)
class Pair:
    """A suite that is run with our plugin and by a recipe. No recipe is pytest without plugins."""

    name: str
    title: str
    kinds: dict[str, str]
    order: tuple[str, ...]
    folder: str
    recipe: str


PAIRS = {
    pair.name: pair
    for pair in (
        Pair(
            "integration",
            "integration tests, asyncpg",
            generate.INTEGRATION,
            generate.MIX,
            "integration/bench_mixed",
            "delete",
        ),
        Pair(
            "synchronous",
            "the same, psycopg, synchronous",
            generate.SYNCHRONOUS,
            generate.MIX,
            "integration/bench_sync",
            "delete_sync",
        ),
        Pair("unit", "unit tests", generate.UNIT, tuple(generate.UNIT), "unit/bench", ""),
    )
}


class Suite:
    """The generated tests of a pair, and how each side runs them."""

    def __init__(self, where: Workspace, held: RunningServer, pair: Pair, count: int) -> None:
        self.where, self.held, self.pair = where, held, pair
        self.project = where.project(TABLES)
        ours = self.project / "backend" / "tests" / pair.folder
        theirs = self.project / "bench" / "tests" / pair.name
        self.ours = generate.write(ours, pair.kinds, pair.order, count)
        self.theirs = generate.write(theirs, pair.kinds, pair.order, count)

    def run(self, side: str, workers: int) -> Run:
        """Run `ours` or `theirs`."""
        if side == "ours":
            path = str(self.ours.relative_to(self.project))
            return run(self.where, self.project, path, *on_workers(workers))
        if self.pair.recipe:
            arguments = recipe_arguments(self.pair.recipe, self.theirs, self.project)
            return run(self.where, self.project, *arguments, *on_workers(workers), server=self.held)
        path = str(self.theirs.relative_to(self.project))
        alone = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        return run(self.where, self.project, *BARE, path, variables=alone)


def measure(suite: Suite, workers: int, repetitions: int) -> Iterator[dict[str, Any]]:
    """Yield one row for each side."""
    runs: dict[str, list[Run]] = {"ours": [], "theirs": []}
    for number in range(repetitions):
        for side, done in runs.items():
            print(f"  {suite.pair.name}, -n {workers}, {number + 1}: {side}", file=sys.stderr)
            done.append(suite.run(side, workers))
    for side, done in runs.items():
        yield {
            "suite": suite.pair.name,
            "side": side,
            "workers": workers,
            "tests": sum(len(process.tests) for process in done[0].processes),
            "commands": [round(each.seconds, 3) for each in done],
            "command": figures.summary([each.seconds for each in done]),
            "testing": figures.summary([each.testing for each in done]),
        }


def arguments(given: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = command_line.parser(__doc__)
    parser.add_argument("--integration", type=int, default=1575, help="integration tests")
    parser.add_argument("--unit", type=int, default=7193, help="unit tests")
    parser.add_argument("--workers", type=int, nargs="+", default=[0, 2])
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--suites", nargs="+", choices=PAIRS, default=list(PAIRS))
    settings = parser.parse_args(given)
    if settings.quick:
        settings.integration, settings.unit = 20, 40
        settings.workers, settings.repetitions = [0], 1
    return settings


def main(given: list[str] | None = None) -> dict[str, Any]:
    """Measure, print, save."""
    settings = arguments(given)
    rows: list[dict[str, Any]] = []
    with workspace(settings.keep) as where, server(where, TABLES) as held:
        for pair in (PAIRS[name] for name in settings.suites):
            unit = not pair.recipe
            suite = Suite(where, held, pair, settings.unit if unit else settings.integration)
            for workers in [0] if unit else settings.workers:
                rows += measure(suite, workers, settings.repetitions)
        for row in rows:
            print(
                f"{row['tests']:5} {row['suite']}, -n {row['workers']}, {row['side']:6}"
                f" {figures.shown(row['command'], ' s')},"
                f" without the start {figures.shown(row['testing'], ' s')}"
            )
        figures.save(settings.json, "benchmarks.suite", where, held, {"rows": rows})
    return {"rows": rows}


if __name__ == "__main__":
    main()
