"""`uv run python -m benchmarks.report`: write docs/speed.md's tables and plot from results/*.json.

And README's headline figures. What stands between `<!-- name -->` and `<!-- end -->` is written;
the rest is for people.
"""

from pathlib import Path

from benchmarks import plots
from benchmarks.report import tables
from benchmarks.report.results import Isolation, Suites, load
from benchmarks.report.verdicts import verdicts
from tooling import ROOT
from tooling.generated import with_sections

PAGE = ROOT / "docs" / "speed.md"
README = ROOT / "README.md"
PLOT = ROOT / "docs" / "images" / "speed-tables.svg"


def files() -> dict[Path, str]:
    """Return every file that is written, and its text."""
    isolation, suites = Isolation(), Suites()
    start, services, template = load("start"), load("services"), load("template")
    sections = {
        "verdicts": verdicts(isolation, suites, start, template),
        "sides": tables.by_side(isolation),
        "tables": tables.by_tables(isolation),
        "calls": tables.calls(isolation),
        "suites": tables.suites(suites),
        "start": tables.start(start),
        "services": tables.services(services),
        "template": tables.template(template),
        "machine": tables.machine("isolation", "suite", "start", "services", "template"),
    }
    return {
        PAGE: with_sections(PAGE, sections),
        README: with_sections(README, {"speed": tables.headline(isolation, suites)}),
        PLOT: plots.lines(
            "Create and read a row over HTTP, as the schema grows",
            isolation.growing("ours", "outer", "clone", "truncate", "delete"),
            "ms",
            "tables",
        ),
    }
