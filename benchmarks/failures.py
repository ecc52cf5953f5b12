"""`uv run python -m benchmarks.failures --json OUT`: what 20 failing tests cost above 20 that pass.

The failures are of the kinds that a day brings: an assertion after a request, and an exception from
deep inside of SQLAlchemy. Ours against pytest's own tracebacks (the savepoint recipe).
"""

import sys
from typing import Any

from benchmarks import command_line, figures, generate
from benchmarks.isolation import BY_NAME
from benchmarks.project import server, workspace
from benchmarks.runs import recipe_arguments, run

TABLES = 10
PASS = {name: generate.ISOLATION[name] for name in ("orm", "http")}
FAIL = {
    "orm": (
        "async def test_orm_{n}(db_session):\n"
        "    db_session.add(Item(name=NAME, price=-{n}))\n"
        "    await db_session.commit()\n"
    ),
    "http": PASS["http"].replace('["price"] == {n}', '["price"] == -{n}'),
}
SIDES = ("rolled_back", "savepoints")


def main(given: list[str] | None = None) -> dict[str, Any]:
    """Measure, print, save."""
    parser = command_line.parser(__doc__)
    parser.add_argument("--tests", type=int, default=20)
    parser.add_argument("--repetitions", type=int, default=5)
    settings = parser.parse_args(given)
    if settings.quick:
        settings.tests, settings.repetitions = 4, 1
    seconds: dict[tuple[str, str], list[float]] = {}
    with workspace(settings.keep) as where, server(where, TABLES) as held:
        project = where.project(TABLES)
        for number in range(settings.repetitions):
            print(f"  {number + 1}/{settings.repetitions}", file=sys.stderr)
            for side in SIDES:
                for outcome, kinds in (("pass", PASS), ("fail", FAIL)):
                    if BY_NAME[side].ours:
                        folder = project / "backend" / "tests" / "integration" / outcome
                        arguments = [str(folder.relative_to(project))]
                    else:
                        folder = project / "bench" / "tests" / outcome
                        arguments = [*recipe_arguments(side, folder, project)]
                    generate.write(folder, kinds, tuple(kinds), settings.tests)
                    result = run(where, project, *arguments, server=held, may_fail=True)
                    expected = settings.tests if outcome == "fail" else 0
                    if result.failed != expected:
                        raise RuntimeError(f"{result.failed} failed:\n{result.output[-3000:]}")
                    seconds.setdefault((side, outcome), []).append(result.seconds)
        rows: list[dict[str, Any]] = []
        for side in SIDES:
            passed, failed = seconds[side, "pass"], seconds[side, "fail"]
            above = [f - p for p, f in zip(passed, failed, strict=True)]
            rows.append(
                {
                    "side": side,
                    "pass": figures.summary(passed),
                    "fail": figures.summary(failed),
                    "above": figures.summary(above),
                    "ratio": figures.ratios(failed, passed),
                }
            )
        for row in rows:
            print(
                f"{row['side']:12} {settings.tests} pass {figures.shown(row['pass'], ' s')},"
                f" {settings.tests} fail {figures.shown(row['fail'], ' s')}:"
                f" {figures.shown(row['ratio'], ' x')}, {figures.shown(row['above'], ' s')} more"
            )
        results = {"tests": settings.tests, "sides": rows}
        figures.save(settings.json, "benchmarks.failures", where, held, results)
    return results


if __name__ == "__main__":
    main()
