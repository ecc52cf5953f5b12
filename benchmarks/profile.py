"""`uv run python -m benchmarks.profile KIND`: where one kind of test spends its time."""

import pstats

from benchmarks import command_line, generate
from benchmarks.project import workspace
from benchmarks.runs import run

TABLES = 10


def main(given: list[str] | None = None) -> None:
    """Run tests of one kind under cProfile and print the functions that took the most."""
    parser = command_line.parser(__doc__)
    parser.add_argument("kind", choices=[*generate.ISOLATION, "unit"])
    parser.add_argument("--tests", type=int, default=400)
    settings = parser.parse_args(given)
    with workspace(settings.keep) as where:
        project = where.project(TABLES)
        tests = project / "backend" / "tests"
        if settings.kind == "unit":
            folder, kinds, order = tests / "unit" / "bench", generate.UNIT, tuple(generate.UNIT)
        else:
            folder, kinds, order = tests / "integration", generate.ISOLATION, (settings.kind,)
        generate.write(folder, kinds, order, settings.tests)
        output = str(project / "profile.out")
        path = str(folder.relative_to(project))
        run(where, project, path, variables={"BENCH_PROFILE": output})
        statistics = pstats.Stats(output)
        statistics.sort_stats("tottime").print_stats(45)
        statistics.sort_stats("cumulative").print_stats(70)


if __name__ == "__main__":
    main()
