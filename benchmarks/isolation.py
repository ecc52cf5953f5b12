"""`uv run python -m benchmarks.isolation --json OUT`: what isolating a database test costs.

Our three modes against what others do, interleaved: A B C … A B C … in one run, each a process of
pytest with the same tests on the same server. A test's time is from its start to its end, with
all that pytest and its plugins do; the first of each kind in a process is left out, because it
pays for connecting and importing. A ratio is taken within each repetition.
"""

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

from benchmarks import command_line, figures, generate
from benchmarks.project import RunningServer, Workspace, server, workspace
from benchmarks.runs import Run, on_workers, recipe_arguments, run

NAME = "benchmarks.isolation"
KINDS = ("noop", "select", "orm", "http")


@dataclass(frozen=True)
class Recipe:
    """One way to isolate tests; `share` of the tests, since slow ones need no thousands."""

    name: str
    title: str
    kinds: tuple[str, ...] = KINDS
    share: float = 1.0
    mark: str = ""
    """The harness's marker, for ours; `None` below means that it is not ours."""
    ours: bool = False


RECIPES = (
    Recipe("rolled_back", "ours: rolled back (default)", ("empty", *KINDS), ours=True),
    Recipe(
        "committed", "ours: `committed_db`", mark="pytestmark = pytest.mark.committed", ours=True
    ),
    Recipe("isolated", "ours: `isolated_db`", share=0.1, ours=True),
    Recipe("delete", "(a) new engine, DELETE before and after", share=0.1),
    Recipe("truncate", "(b) TRUNCATE", share=0.1),
    Recipe("create_all", "(c) create_all, drop_all", share=0.05),
    Recipe("clone", "(d) clone per test", share=0.1),
    Recipe("outer", "(e) plain outer transaction"),
    Recipe("savepoints", "(e2) outer transaction, create_savepoint"),
    Recipe("raw", "(f) asyncpg BEGIN, ROLLBACK: the floor", ("noop", "select")),
    Recipe("floor", "pytest's floor: an empty async test", ("empty",)),
)
BY_NAME = {recipe.name: recipe for recipe in RECIPES}
SCALED = ("rolled_back", "delete", "outer")
"""Those that are also run with more tests and with workers."""

ISOLATED = '''
"""The application and the session on a database of the test's own."""

import pytest

from backend.main import create_app
from backend.tests.plugins.app import running


@pytest.fixture
async def db_session(isolated_db):
    async with isolated_db.session() as session:
        yield session


@pytest.fixture(scope="session")
def application(worker_settings):
    from backend.core.database import Database

    return create_app(worker_settings, database=Database(worker_settings))


@pytest.fixture
async def client(application, isolated_db):
    from backend.core.api.dependencies import get_database

    async def given():
        return isolated_db

    application.dependency_overrides[get_database] = given
    async with running(application) as client:
        yield client
'''


def run_recipe(
    where: Workspace, held: RunningServer, recipe: Recipe, *, tables: int, count: int, workers: int
) -> Run:
    """Write the recipe's tests and run them."""
    project = where.project(tables)
    kinds = generate.RAW if recipe.name == "raw" else generate.ISOLATION
    if recipe.ours:
        folder = project / "backend" / "tests" / "integration" / f"bench_{recipe.name}"
    else:
        folder = project / "bench" / "tests" / recipe.name
    generate.write(folder, kinds, recipe.kinds, count, head=recipe.mark)
    if recipe.name == "isolated":
        (folder / "conftest.py").write_text(ISOLATED.lstrip(), encoding="utf-8")
    if recipe.ours:
        arguments = [str(folder.relative_to(project))]
    else:
        arguments = [*recipe_arguments(recipe.name, folder, project)]
    return run(where, project, *arguments, *on_workers(workers), server=held)


def by_kind(result: Run) -> dict[str, list[float]]:
    """Milliseconds of each test by kind, without the first of each kind in each process."""
    times: dict[str, list[float]] = defaultdict(list)
    for worker in result.workers:
        seen: set[str] = set()
        names = {row[0] for row in worker["tests"]}
        for test in sorted((t for t in result.tests if t.name in names), key=lambda t: t.start):
            if test.kind in seen:
                times[test.kind].append(test.total)
            seen.add(test.kind)
    return times


def measure_matrix(
    where: Workspace, held: RunningServer, settings: argparse.Namespace
) -> Iterator[dict[str, Any]]:
    """Yield one row for each recipe, kind and number of tables: medians and the pooled spread."""
    samples: dict[tuple[str, str, int], list[list[float]]] = defaultdict(list)
    recipes = [BY_NAME[name] for name in settings.recipes]
    for number in range(settings.repetitions):
        for tables in settings.tables:
            for recipe in recipes:
                count = max(3 * len(recipe.kinds), round(settings.tests * recipe.share))
                progress = f"  {number + 1}/{settings.repetitions}, {tables} tables: {recipe.name}"
                print(progress, file=sys.stderr)
                result = run_recipe(where, held, recipe, tables=tables, count=count, workers=0)
                times = by_kind(result)
                if result.raw:
                    times["loop"] = [1000 * seconds for seconds in result.raw]
                for kind, series in times.items():
                    samples[recipe.name, kind, tables].append(series)
    for (name, kind, tables), runs in samples.items():
        yield {
            "recipe": name,
            "kind": kind,
            "tables": tables,
            "medians": [figures.summary(times)["median"] for times in runs],
            **figures.summary([time for times in runs for time in times]),
        }


def measure_scale(
    where: Workspace, held: RunningServer, settings: argparse.Namespace
) -> Iterator[dict[str, Any]]:
    """Yield one row for each run with more tests, and with workers; interleaved by recipe."""
    for count, workers in product(settings.counts, settings.workers):
        for name in SCALED:
            recipe = BY_NAME[name]
            actual = min(count, settings.slow_limit) if recipe.share < 1 else count
            print(f"  {count} tests, {workers} workers: {name}", file=sys.stderr)
            result = run_recipe(
                where, held, recipe, tables=settings.tables[0], count=actual, workers=workers
            )
            per_test = 1000 * result.testing / actual
            yield {
                "recipe": name,
                "tests": count,
                "measured": actual,
                "workers": workers,
                "testing": round(per_test * count / 1000, 3),
                "command": round(result.seconds, 3),
                "per_test": round(per_test, 4),
            }


def compare(matrix: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each recipe divided by ours, by kind and number of tables."""
    found = {(row["recipe"], row["kind"], row["tables"]): row for row in matrix}
    rows = []
    for (name, kind, tables), row in found.items():
        for mode in ("rolled_back", "committed", "isolated"):
            ours = found.get((mode, kind, tables))
            if ours and not BY_NAME[name].ours:
                ratio = figures.ratios(row["medians"], ours["medians"])
                rows.append({"recipe": name, "ours": mode, "kind": kind, "tables": tables, **ratio})
    return rows


def print_results(results: dict[str, Any]) -> None:
    """The tables, for people; docs/speed.md has the same from the JSON."""
    for row in results["matrix"]:
        print(
            f"{row['tables']:4} tables  {row['kind']:7} {row['recipe']:12}"
            f" {figures.shown(row, ' ms')}"
        )
    for row in results["ratios"]:
        if row["ours"] == "rolled_back" or row["recipe"] == "delete":
            print(
                f"{row['tables']:4} tables  {row['kind']:7} {row['recipe']:12} / "
                f"{row['ours']:12} {figures.shown(row, ' x')}"
            )
    for row in results["scale"]:
        scaled = "" if row["measured"] == row["tests"] else f" (scaled from {row['measured']})"
        print(
            f"{row['tests']:6} tests, {row['workers']} workers  {row['recipe']:12}"
            f" {row['testing']:7.2f} s{scaled}, command {row['command']:.2f} s"
        )


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = command_line.parser(__doc__)
    parser.add_argument("--tests", type=int, default=400, help="tests a run, in the tables' part")
    parser.add_argument("--repetitions", type=int, default=4)
    parser.add_argument("--tables", type=int, nargs="+", default=[10, 50, 200])
    parser.add_argument("--workers", type=int, nargs="*", default=[0, 2, 4])
    parser.add_argument(
        "--counts", type=int, nargs="*", default=[500, 2000, 8000], help="tests, in the second part"
    )
    parser.add_argument(
        "--slow-limit",
        type=int,
        default=500,
        help="run a slow recipe with at most so many tests and scale its time, saying so",
    )
    parser.add_argument("--recipes", nargs="+", choices=BY_NAME, default=list(BY_NAME))
    settings = parser.parse_args(given)
    if settings.quick:
        settings.tests, settings.repetitions, settings.tables = 8, 1, [3]
        settings.counts, settings.workers = [], []
    return settings


def main(given: list[str] | None = None) -> dict[str, Any]:
    """Measure, print, save."""
    settings = arguments(given)
    with workspace(settings.keep) as where, server(where, settings.tables[0]) as held:
        matrix = list(measure_matrix(where, held, settings))
        results: dict[str, Any] = {
            "settings": {"tests": settings.tests, "repetitions": settings.repetitions},
            "matrix": matrix,
            "ratios": compare(matrix),
            "scale": [],
        }
        figures.save(settings.json, NAME, where, held, results)  # the second part may be stopped
        if settings.counts:
            results["scale"] = list(measure_scale(where, held, settings))
        print_results(results)
        figures.save(settings.json, NAME, where, held, results)
    return results


if __name__ == "__main__":
    main()
