"""`uv run python -m benchmarks.isolation --json OUT`: what isolating a database test costs.

Ours against what others do, in turn (A B C … A B C …) in one run, each a process of pytest with the
same tests. A test's time is from its start to its end, with all that pytest and its plugins do; a
process's first of each kind is left out, because it pays for connecting and importing. Differences
and ratios are taken within each repetition.
"""

import argparse
import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from benchmarks import command_line, figures, generate
from benchmarks.project import RunningServer, Workspace, server, workspace
from benchmarks.runs import Run, recipe_arguments, run
from hooks.verify import environment

NAME = "benchmarks.isolation"
KINDS = ("noop", "read", "orm", "http", "two")


@dataclass(frozen=True)
class Side:
    """One way to isolate tests; `share` of the tests, since slow ones need no thousands."""

    name: str
    title: str
    kinds: tuple[str, ...] = KINDS
    share: float = 1.0
    ours: bool = False


SIDES = (
    Side("ours", "pytest-greenfield", ("empty", *KINDS), ours=True),
    Side("unrestored", "the same without isolation", ("empty", "read", "two"), ours=True),
    Side("delete", "new engine, DELETE before and after", share=0.1),
    Side("truncate", "TRUNCATE", share=0.1),
    Side("clone", "clone per test", share=0.1),
    Side("outer", "plain outer transaction"),
    Side("sqla", "pytest-sqla"),
    Side("floor", "pytest and pytest-asyncio alone", ("empty",)),
)
BY_NAME = {side.name: side for side in SIDES}


def run_side(where: Workspace, held: RunningServer, side: Side, *, tables: int, count: int) -> Run:
    """Write the tests of a side and run them."""
    project = where.project(tables)
    if not side.ours:
        folder = project / "bench" / "tests" / side.name
        generate.write(folder, generate.ISOLATION, side.kinds, count)
        return run(where, project, *recipe_arguments(side.name, folder, project), server=held)
    folder = project / "backend" / "tests" / "integration" / f"bench_{side.name}"
    generate.write(folder, generate.ISOLATION, side.kinds, count)
    switched_off = ("-p", "unrestored") if side.name == "unrestored" else ()
    return run(where, project, *switched_off, str(folder.relative_to(project)))


def measure(
    where: Workspace, held: RunningServer, settings: argparse.Namespace
) -> Iterator[list[dict[str, Any]]]:
    """Yield, after each repetition, one row for each side, kind and number of tables."""
    samples: dict[tuple[str, str, int], list[list[float]]] = defaultdict(list)
    for number in range(settings.repetitions):
        for tables in settings.tables:
            for side in (BY_NAME[name] for name in settings.sides):
                count = max(3 * len(side.kinds), round(settings.tests * side.share))
                progress = f"  {number + 1}/{settings.repetitions}, {tables} tables: {side.name}"
                print(progress, file=sys.stderr)
                result = run_side(where, held, side, tables=tables, count=count)
                for kind, series in result.by_kind().items():
                    samples[side.name, kind, tables].append(series)
        yield _rows(samples)


def _rows(samples: dict[tuple[str, str, int], list[list[float]]]) -> list[dict[str, Any]]:
    """Return the median of each repetition, and those of all times together."""
    return [
        {
            "side": name,
            "kind": kind,
            "tables": tables,
            "medians": [figures.summary(times)["median"] for times in runs],
            **figures.summary([time for times in runs for time in times]),
        }
        for (name, kind, tables), runs in samples.items()
    ]


CALLS = {
    "empty": "`SELECT 1`, for comparison",
    "nothing": "restore, nothing was written",
    "two": "restore, two tables were written to",
}


def time_calls(where: Workspace, tables: list[int], loops: int) -> list[dict[str, Any]]:
    """Return the milliseconds of the calls that restore, in a loop without pytest."""
    rows = []
    for count in tables:
        for number in (1, loops):  # the first makes the template, whose first clone is slower
            output = subprocess.check_output(
                [str(where.python), "bench/restore_calls.py"],
                cwd=where.project(count),
                env={**environment(), "BENCH_LOOPS": str(number)},
                text=True,
            )
        for call, seconds in json.loads(output).items():
            times = figures.summary([1000 * each for each in seconds])
            rows.append({"call": call, "tables": count, **times})
    return rows


def main(given: list[str] | None = None) -> dict[str, Any]:
    """Measure, print, save."""
    parser = command_line.parser(__doc__)
    parser.add_argument("--tests", type=int, default=400, help="tests a run")
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--loops", type=int, default=2000, help="how often to call a restore")
    parser.add_argument("--tables", type=int, nargs="+", default=[10, 50, 200])
    parser.add_argument("--sides", nargs="+", choices=BY_NAME, default=list(BY_NAME))
    settings = parser.parse_args(given)
    if settings.quick:
        settings.tests, settings.repetitions, settings.tables = 8, 1, [3]
        settings.loops = 10
    with workspace(settings.keep) as where, server(where, settings.tables[0]) as held:
        calls = time_calls(where, settings.tables, settings.loops)
        for rows in measure(where, held, settings):
            results = {"rows": rows, "calls": calls}
            figures.save(settings.json, NAME, where, held, results)  # it may be stopped
    for row in results["rows"]:
        print(
            f"{row['tables']:4} tables  {row['kind']:6} {row['side']:12}"
            f" {figures.shown(row, ' ms')}"
        )
    return results


if __name__ == "__main__":
    main()
