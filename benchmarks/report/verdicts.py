"""What was wanted, and what was measured."""

from benchmarks.figures import Summary, ratios, shown, summary
from benchmarks.report.results import Isolation, Results, Suites
from benchmarks.report.tables import table


class Verdicts:
    """The rows of the table."""

    def __init__(self) -> None:
        self.rows: list[list[str]] = []

    def at_most(self, figure: str, wanted: float, unit: str, found: Summary) -> None:
        """Add a figure that should be small."""
        self._add(figure, f"≤ {wanted:g}{unit}", shown(found, unit), found["median"] <= wanted)

    def at_least(self, figure: str, wanted: float, unit: str, found: Summary) -> None:
        """Add a figure that should be large."""
        self._add(figure, f"≥ {wanted:g}{unit}", shown(found, unit), found["median"] >= wanted)

    def beside(self, figure: str, unit: str, found: Summary) -> None:
        """Add a figure of which nothing is wanted."""
        self.rows.append([figure, "", shown(found, unit), ""])

    def _add(self, figure: str, wanted: str, measured: str, reached: bool) -> None:
        self.rows.append([figure, wanted, measured, "yes" if reached else "**no**"])


def verdicts(isolation: Isolation, suites: Suites, start: Results, template: Results) -> str:
    """Return the table of all figures."""
    found = Verdicts()
    _isolation(found, isolation)
    _suites(found, suites)
    for row in start["rows"]:
        if (row["state"], row["workers"]) == ("warm", 0):
            figure = "warm start to the first database test ÷ (import + pytest)"
            found.at_most(figure, 1.0, " x", row["ratio"])
    for state, wanted in (("cold", 45), ("warm", 18)):
        figure = f"a default project made and verified, {state}"
        found.at_most(figure, wanted, " s", template["parts"][f"verified {state}"])
    return table(["figure", "wanted", "measured (quartiles)", "reached"], found.rows)


def _isolation(found: Verdicts, isolation: Isolation) -> None:
    least, most = isolation.least, isolation.most
    two = {tables: isolation.prices("two", tables) for tables in (least, most)}
    found.at_most(
        "price of isolation, a test that reads",
        *(0.15, " ms", summary(isolation.prices("read", least))),
    )
    found.at_most(
        "price of isolation, a test that writes to two tables over HTTP",
        *(0.5, " ms", summary(two[least])),
    )
    figure = f"the same with {most} tables ÷ with {least}"
    found.at_most(figure, 1.1, " x", ratios(two[most], two[least]))
    figure = "a no-op database test above an empty asynchronous test"
    found.at_most(figure, 0.25, " ms", isolation.above_empty())
    for tables, wanted in ((least, 5), (most, 35)):
        figure = f"HTTP create + read, DELETE recipe ÷ ours, {tables} tables"
        ratio = isolation.ratio("delete", "ours", "http", tables)
        found.at_least(figure, wanted, " x", ratio)
    for side, title in (("outer", "a plain outer transaction"), ("sqla", "pytest-sqla")):
        ratio = isolation.ratio("ours", side, "http", least)
        found.at_most(f"HTTP create + read, ours ÷ {title}", 1.25, " x", ratio)


def _suites(found: Verdicts, suites: Suites) -> None:
    tests = suites.row("integration", "ours", 0)["tests"]
    for workers, wanted in ((0, 6), (2, 5)):
        how = f"`-n {workers}`" if workers else "serial"
        figure = f"{tests:,} integration tests, DELETE recipe ÷ ours, {how}"
        found.at_least(figure, wanted, " x", suites.ratio("integration", workers))
        ratio = suites.ratio("synchronous", workers)
        found.beside(f"the same, psycopg, synchronous, {how}", " x", ratio)
    tests = suites.row("unit", "ours", 0)["tests"]
    figure = f"{tests:,} unit tests, ours ÷ bare pytest"
    found.at_most(figure, 1.1, " x", suites.ratio("unit", 0, ours_above=True))
