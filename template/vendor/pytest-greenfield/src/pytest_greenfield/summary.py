"""The end-of-run block: services, levels, slowest tests, seed. The same goes into `--junit-xml`.

Read the outcome of a run by machine from `--junit-xml=FILE`: the `testsuite` element has `tests`,
`failures`, `errors`, `skipped` (which counts `xfailed` too) and `time`; its `properties` have
`services` (joined by " · "), `python`, `seed`, `xfailed`, and per level `tests.unit` … (number of
tests) and `seconds.unit` … (their time, added up over the workers). `-qq` hides the block.
"""

import platform
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from .compat import add_junit_properties, reports
from .levels import Levels
from .order import Order

PYRAMID = {"unit": (70, 80), "integration": (15, 20), "e2e": (5, 10)}
"""Share of each level in per cent, as it should be."""

_ENOUGH = 50  # tests; the shares of fewer say nothing
_SLOWEST = 5


@dataclass
class Totals:
    """What the reports of a run add up to; seconds include setup and teardown."""

    tests: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    by_test: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    xfailed: int = 0


class Summary:
    """What the end of a run tells. `services` has a line each, like "PostgreSQL 18.6 embedded"."""

    def __init__(self, config: pytest.Config, levels: Levels, order: Order) -> None:
        self._config = config
        self._levels = levels
        self._order = order
        self.services: list[str] = []
        self.notes: list[str] = []

    def export(self) -> dict[str, Any]:
        """Return what the controller has to learn from a worker."""
        return {"services": self.services, "notes": self.notes, "not_run": self._levels.not_run}

    def merge(self, exported: dict[str, Any]) -> None:
        """Take over what a worker knows."""
        for mine, theirs in ((self.services, "services"), (self.notes, "notes")):
            mine += [line for line in exported.get(theirs, ()) if line not in mine]
        # every worker collects everything, so the last one's counts are all of them
        self._levels.not_run.update(exported.get("not_run", {}))

    def write_junit(self) -> None:
        """Add the block to the report of --junit-xml, where there is one."""
        if not self._config.getoption("xmlpath", default=None):
            return
        totals = self._totals()
        times = {f"seconds.{name}": f"{time:.3f}" for name, time in sorted(totals.seconds.items())}
        properties = {
            "services": " · ".join(self.services),
            "python": platform.python_version(),
            "seed": "" if self._order.seed is None else str(self._order.seed),
            "xfailed": str(totals.xfailed),
            **{f"tests.{name}": str(count) for name, count in sorted(totals.tests.items())},
        }
        add_junit_properties(self._config, properties | times)

    def write(self, reporter: pytest.TerminalReporter) -> None:
        """Print the block."""
        totals = self._totals()
        if self._config.get_verbosity() <= -2 or not totals.tests:
            return
        reporter.write_sep("-", "this run")
        previous = ""
        for label, text in self._lines(totals):
            reporter.write_line(f"{'' if label == previous else label:<9}{text}")
            previous = label

    def _totals(self) -> Totals:
        totals = Totals()
        for category, report in reports(self._config):
            level = self._levels.of_path(report.nodeid)
            totals.by_test[report.nodeid] += report.duration
            totals.seconds[level.name if level else "other"] += report.duration
            totals.xfailed += category == "xfailed"
        for nodeid in totals.by_test:
            level = self._levels.of_path(nodeid)
            totals.tests[level.name if level else "other"] += 1
        return totals

    def _lines(self, totals: Totals) -> Iterator[tuple[str, str]]:
        if self.services:
            yield "services", " · ".join(self.services)
        for name in (*self._levels.names, "other"):
            if name in totals.tests:
                yield "levels", _level_line(name, totals)
        slowest = sorted(totals.by_test.items(), key=lambda pair: -pair[1])[:_SLOWEST]
        for nodeid, seconds in slowest:
            yield "slowest", f"{seconds:6.2f} s  {nodeid}"
        for text in self._levels.not_run.values():
            yield "not run", text
        for text in self.notes:
            yield "note", text
        if (seed := self._order.seed) is not None:
            yield "seed", f"{seed} (the same order and numbers: --randomly-seed={seed})"


def _level_line(name: str, totals: Totals) -> str:
    count, seconds = totals.tests[name], totals.seconds[name]
    line = f"{name:<12}{count:>6} tests {seconds:>7.1f} s"
    counted = [totals.tests.get(level, 0) for level in PYRAMID]
    # Shares mean something only when every level ran.
    if name not in PYRAMID or not all(counted) or sum(counted) < _ENOUGH:
        return line
    low, high = PYRAMID[name]
    share = 100 * count / sum(counted)
    verdict = "" if low <= round(share) <= high else "  <- outside"
    return f"{line} {share:>4.0f} % ({low}-{high} %){verdict}"
