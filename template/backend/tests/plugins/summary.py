"""The end-of-run block: services, layers, slowest tests, seed. The same goes into `--junit-xml` as
properties.

A service plugin says where its server came from, once, in the controller or in a worker:

    from backend.tests.plugins.summary import register_service
    register_service(config, "PostgreSQL 18.6 embedded")

Read the outcome of a run by machine from `--junit-xml=FILE`: the `testsuite` element has `tests`,
`failures`, `errors`, `skipped` and `time`; its `properties` have `services` (joined by " · "),
`python`, `seed`, and per line of the block `tests.unit` … (number of tests) and `seconds.unit` …
(their time, added up over the workers). `-qq` hides the block.
"""

import platform
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest
from _pytest.junitxml import (
    xml_key,
)  # record_testsuite_property is a fixture, and the run's end has no fixtures

from .layers import LAYERS, NOT_RUN, layer_of
from .ordering import SEED

SERVICES = pytest.StashKey[list[str]]()
PYRAMID = {"unit": (70, 80), "integration": (15, 20), "e2e": (5, 10)}
"""Share of each layer in per cent, as it should be; the harness's own proofs do not count."""

_SLOWEST = 5


@dataclass
class Totals:
    """What the reports of a run add up to; seconds include setup and teardown."""

    tests: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    by_test: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    def add(self, reports: Iterable[Any]) -> "Totals":
        """Add every phase of every test to its layer."""
        for report in reports:
            if not isinstance(report, pytest.TestReport):
                continue
            self.by_test[report.nodeid] += report.duration
            self.seconds[_group(report.nodeid)] += report.duration
        for nodeid in self.by_test:
            self.tests[_group(nodeid)] += 1
        return self


def _group(nodeid: str) -> str:
    """The line that a test is counted in: its layer, or `harness` for proofs of the harness."""
    if "/harness/" in nodeid:
        return "harness"
    layer = layer_of(nodeid)
    return layer.name if layer else "other"


def register_service(config: pytest.Config, line: str) -> None:
    """Note which service came from where, for example "PostgreSQL 18.6 embedded". Twice is once."""
    services = config.stash.setdefault(SERVICES, [])
    if line not in services:
        services.append(line)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """In the controller: take over what only a worker knows."""
    pytest_fork_ended(node.config, getattr(node, "workeroutput", None) or {})


@pytest.hookimpl(optionalhook=True)
def pytest_fork_ended(config: pytest.Config, output: dict[str, Any]) -> None:
    """The same, of a forked worker."""
    for line in output.get("services", ()):
        register_service(config, line)
    # every worker collects everything, so the last one's counts are all of them
    config.stash[NOT_RUN].update(output.get("not_run", {}))


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """In a worker: tell the controller. In the controller: fill in the junit properties."""
    config = session.config
    workeroutput: dict[str, Any] | None = getattr(config, "workeroutput", None)
    if workeroutput is not None:
        workeroutput["services"] = _services(config)
        workeroutput["not_run"] = config.stash[NOT_RUN]
        return
    xml = config.stash.get(xml_key, None)
    if xml is not None:
        for name, value in _properties(config).items():
            xml.add_global_property(name, value)


def _services(config: pytest.Config) -> list[str]:
    return config.stash.setdefault(SERVICES, [])


def totals_of(config: pytest.Config) -> Totals:
    """What the run's tests add up to so far, those of all workers."""
    # The terminal reporter keeps every report of every worker: nothing is noted test by test.
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    reports = reporter.stats.values() if reporter is not None else ()
    return Totals().add(report for group in reports for report in group)


def _properties(config: pytest.Config) -> dict[str, str]:
    totals = totals_of(config)
    return {
        "services": " · ".join(_services(config)),
        "python": platform.python_version(),
        "seed": str(config.stash[SEED]),
        **{f"tests.{name}": str(count) for name, count in sorted(totals.tests.items())},
        **{f"seconds.{name}": f"{time:.3f}" for name, time in sorted(totals.seconds.items())},
    }


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the block."""
    config = terminalreporter.config
    totals = totals_of(config)
    if config.get_verbosity() <= -2 or not totals.tests:
        return
    terminalreporter.write_sep("-", "this run")
    for label, text in _lines(config, totals):
        terminalreporter.write_line(f"{label:<9}{text}")


def _lines(config: pytest.Config, totals: Totals) -> Iterable[tuple[str, str]]:
    if services := _services(config):
        yield "services", " · ".join(services)
    for label, name in zip(("layers", *[""] * len(totals.tests)), _ordered(totals), strict=False):
        yield label, _layer_line(name, totals)
    slowest = sorted(totals.by_test.items(), key=lambda pair: -pair[1])[:_SLOWEST]
    for label, (nodeid, seconds) in zip(("slowest", *[""] * _SLOWEST), slowest, strict=False):
        yield label, f"{seconds:6.2f} s  {nodeid}"
    for text in config.stash[NOT_RUN].values():
        yield "not run", text
    seed = config.stash[SEED]
    yield "seed", f"{seed} (the same order and numbers: --randomly-seed={seed})"


def _ordered(totals: Totals) -> list[str]:
    return [name for name in (*LAYERS, "harness", "other") if name in totals.tests]


def _layer_line(name: str, totals: Totals) -> str:
    count, seconds = totals.tests[name], totals.seconds[name]
    line = f"{name:<12}{count:>6} tests {seconds:>7.1f} s"
    pyramid = sum(totals.tests.get(layer, 0) for layer in PYRAMID)
    # Shares mean something only when every layer ran.
    if name not in PYRAMID or not all(layer in totals.tests for layer in PYRAMID):
        return line
    low, high = PYRAMID[name]
    share = 100 * count / pyramid
    verdict = "" if low <= round(share) <= high else "  <- outside"
    return f"{line} {share:>4.0f} % ({low}-{high} %){verdict}"
