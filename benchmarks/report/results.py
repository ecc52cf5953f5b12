"""What was measured, read from results/*.json."""

import json
from pathlib import Path
from typing import Any

from benchmarks.figures import Summary, ratios, summary
from benchmarks.isolation import BY_NAME

RESULTS = Path(__file__).parents[1] / "results"

Results = dict[str, Any]


def load(name: str) -> Results:
    """Return the results of one benchmark."""
    found: Results = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    return found


class Isolation:
    """The figures of benchmarks.isolation."""

    def __init__(self) -> None:
        found = load("isolation")
        rows, self.calls = found["rows"], found["calls"]
        self._rows = {(row["side"], row["kind"], row["tables"]): row for row in rows}
        self.tables = sorted({tables for _, _, tables in self._rows})
        self.least, self.most = self.tables[0], self.tables[-1]

    def time(self, side: str, kind: str, tables: int) -> Summary | None:
        """Return the milliseconds of a test; None if that was not measured."""
        return self._rows.get((side, kind, tables))

    def medians(self, side: str, kind: str, tables: int) -> list[float]:
        """Return the median of each repetition."""
        medians: list[float] = self._rows[side, kind, tables]["medians"]
        return medians

    def ratio(self, above: str, below: str, kind: str, tables: int) -> Summary:
        """Return one side's time divided by another's."""
        return ratios(self.medians(above, kind, tables), self.medians(below, kind, tables))

    def growth(self, side: str, kind: str) -> Summary:
        """Return the time with the most tables divided by that with the fewest."""
        most, least = (self.medians(side, kind, tables) for tables in (self.most, self.least))
        return ratios(most, least)

    def prices(self, kind: str, tables: int) -> list[float]:
        """Return what isolation adds to a test, in milliseconds, in each repetition."""
        pairs = zip(
            self.medians("ours", kind, tables),
            self.medians("unrestored", kind, tables),
            strict=True,
        )
        return [with_it - without_it for with_it, without_it in pairs]

    def above_empty(self) -> Summary:
        """Return what a no-op database test takes above an empty asynchronous one."""
        pairs = zip(
            self.medians("ours", "noop", self.least),
            self.medians("ours", "empty", self.least),
            strict=True,
        )
        return summary([noop - empty for noop, empty in pairs])

    def growing(self, *sides: str) -> dict[str, dict[int, float]]:
        """Return the time of create + read of each side by number of tables."""
        return {
            BY_NAME[side].title.partition(",")[0]: {
                tables: self._rows[side, "http", tables]["median"] for tables in self.tables
            }
            for side in sides
        }


class Suites:
    """The figures of benchmarks.suite."""

    def __init__(self) -> None:
        rows = load("suite")["rows"]
        self._rows = {(row["suite"], row["side"], row["workers"]): row for row in rows}

    def workers(self, suite: str) -> list[int]:
        """Return the numbers of workers with which a suite was run."""
        return sorted({workers for name, _, workers in self._rows if name == suite})

    def row(self, suite: str, side: str, workers: int) -> Results:
        """Return what was measured of one side of a suite."""
        found: Results = self._rows[suite, side, workers]
        return found

    def ratio(self, suite: str, workers: int, *, ours_above: bool = False) -> Summary:
        """Return the whole command of the other side divided by ours, or the other way round."""
        ours, theirs = (self.row(suite, side, workers)["commands"] for side in ("ours", "theirs"))
        return ratios(ours, theirs) if ours_above else ratios(theirs, ours)
