"""`uv run python -m benchmarks.ladder --json OUT`: what a database test is made of, step by step.

Tests that each ask for one thing more, in one process, in random order; and the same empty test in
a bare pytest. What a step costs is its median less that of the step that it stands on.
`--profile KIND` prints instead where the time of one kind goes, by function.
"""

import pstats
import sys
from pathlib import Path
from typing import Any

from benchmarks import command_line, figures, generate
from benchmarks.isolation import by_kind
from benchmarks.project import RunningServer, Workspace, server, workspace
from benchmarks.runs import recipe_arguments, run

TABLES = 10
CLIENT = "async def test_{name}_{{n}}(client):\n    await client.{call}\n"
STEPS = {
    "empty": ("floor", generate.ISOLATION["empty"]),
    "environment": ("empty", "async def test_environment_{n}(integration_env):\n    pass\n"),
    "isolation": ("environment", "async def test_isolation_{n}(isolation):\n    pass\n"),
    "noop": ("isolation", generate.ISOLATION["noop"]),
    "select": ("noop", generate.ISOLATION["select"]),
    "insert": (
        "select",
        "async def test_insert_{n}(db_session):\n"
        "    db_session.add(Item(name=NAME, price={n}))\n"
        "    await db_session.commit()\n",
    ),
    "orm": ("insert", generate.ISOLATION["orm"]),
    "client": ("noop", "async def test_client_{n}(client):\n    pass\n"),
    "live": ("client", CLIENT.format(name="live", call='get("/health/live")')),
    "count": ("live", CLIENT.format(name="count", call='get("/items")')),
    "create": (
        "count",
        "async def test_create_{n}(client):\n"
        '    await client.post("/items", json={{"name": NAME, "price": {n}}})\n',
    ),
    "http": ("create", generate.ISOLATION["http"]),
    "committed": (
        "noop",
        "@pytest.mark.committed\nasync def test_committed_{n}(db_session):\n    pass\n",
    ),
    "commits": (
        "committed",
        "@pytest.mark.committed\n"
        + generate.ISOLATION["http"].replace("test_http", "test_commits"),
    ),
}
"""Kind -> the kind below it, and the test."""


def measure(where: Workspace, held: RunningServer, tests: int, repetitions: int) -> list[Any]:
    """One row for each step: its median and what it adds, in milliseconds."""
    project = where.project(TABLES)
    kinds = {name: text for name, (_, text) in STEPS.items()}
    folder = project / "backend" / "tests" / "integration" / "bench_ladder"
    generate.write(folder, kinds, tuple(kinds), tests * len(kinds))
    bare = project / "bench" / "tests" / "ladder"
    generate.write(bare, generate.ISOLATION, ("empty",), tests)
    times: dict[str, list[float]] = {}
    medians: dict[str, list[float]] = {}
    for number in range(repetitions):
        print(f"  {number + 1}/{repetitions}", file=sys.stderr)
        path = str(folder.relative_to(project))
        ours = by_kind(run(where, project, path, server=held))
        floor = by_kind(run(where, project, *recipe_arguments("floor", bare, project)))
        for kind, series in {**ours, "floor": floor["empty"]}.items():
            times.setdefault(kind, []).extend(series)
            medians.setdefault(kind, []).append(figures.summary(series)["median"])
    rows = [{"kind": "floor", "below": None, "adds": 0.0, **figures.summary(times["floor"])}]
    for kind, (below, _) in STEPS.items():
        adds = [a - b for a, b in zip(medians[kind], medians[below], strict=True)]
        median = figures.summary(adds)["median"]
        rows.append({"kind": kind, "below": below, "adds": median, **figures.summary(times[kind])})
    return rows


def profile(where: Workspace, held: RunningServer, kind: str, tests: int) -> None:
    """Print where one kind's time goes."""
    project = where.project(TABLES)
    folder = project / "backend" / "tests" / "integration" / "bench_profile"
    generate.write(folder, {kind: STEPS[kind][1]}, (kind,), tests)
    output = Path(project, "profile.out")
    path = str(folder.relative_to(project))
    run(where, project, path, server=held, variables={"BENCH_PROFILE": str(output)})
    statistics = pstats.Stats(str(output))
    statistics.sort_stats("tottime").print_stats(45)
    statistics.sort_stats("cumulative").print_stats(70)


def main(given: list[str] | None = None) -> dict[str, Any]:
    """Measure, print, save."""
    parser = command_line.parser(__doc__)
    parser.add_argument("--tests", type=int, default=60, help="tests of each kind in a run")
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--profile", choices=STEPS, help="print a profile of this kind instead")
    settings = parser.parse_args(given)
    if settings.quick:
        settings.tests, settings.repetitions = 3, 1
    with workspace(settings.keep) as where, server(where, TABLES) as held:
        if settings.profile:
            profile(where, held, settings.profile, 5 * settings.tests)
            return {}
        results = {"steps": measure(where, held, settings.tests, settings.repetitions)}
        for row in results["steps"]:
            above = f"{row['adds']:+.3f} ms above {row['below']}" if row["below"] else ""
            print(f"{row['kind']:12} {figures.shown(row, ' ms'):28} {above}")
        figures.save(settings.json, "benchmarks.ladder", where, held, results)
    return results


if __name__ == "__main__":
    main()
