"""A pytest plugin that writes down when what happened, one JSON file a process, into $BENCH_OUT.

`tests`: node id, start (epoch), seconds of the whole protocol (everything that pytest and its
plugins do for this test), seconds of setup + call + teardown as pytest reports them, worst outcome.
`events`: name -> epoch, of the run's start. `spans`: name -> seconds, parts of the start.
"""

import cProfile
import functools
import json
import os
import sys
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

_events: dict[str, float] = {"plugin": time.time()}
_spans: dict[str, float] = {}
_tests: list[list[Any]] = []
_phases: dict[str, float] = {}
_failed: set[str] = set()
_profile = cProfile.Profile()


def mark(name: str) -> None:
    """Note an event, the first time it happens."""
    _events.setdefault(name, time.time())


@pytest.hookimpl(trylast=True)
def pytest_configure() -> None:
    """All plugins and the root conftest are loaded."""
    mark("configured")
    for module, owner, name in (
        ("broker", "Holder", "server"),
        ("session", None, "ask"),
        ("databases", "Databases", "__init__"),
        ("databases", "Databases", "drop_orphans"),
        ("databases", "Databases", "template"),
        ("databases", "Databases", "_make"),
    ):
        loaded = sys.modules.get(f"backend.tests.plugins.postgres.{module}")
        if loaded is not None:
            _time(getattr(loaded, owner) if owner else loaded, name)


def _time(owner: Any, name: str) -> None:
    original = getattr(owner, name)

    @functools.wraps(original)
    def timed(*args: Any, **kwargs: Any) -> Any:
        start = time.perf_counter()
        try:
            return original(*args, **kwargs)
        finally:
            _spans[name] = _spans.get(name, 0.0) + time.perf_counter() - start

    setattr(owner, name, timed)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collecting, without what plugins do when it has finished."""
    mark("collecting")
    result = yield
    mark("ready")
    return result


@pytest.hookimpl(tryfirst=True)
def pytest_collection_finish() -> None:
    """Collected; from here on plugins prepare."""
    mark("collected")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """One test, with all that is done for it."""
    mark("first test")
    epoch, start = time.time(), time.perf_counter()
    try:
        return (yield)
    finally:
        if "BENCH_PROFILE" in os.environ:
            _profile.enable()  # from the second test on: the first one imports and connects
        _tests.append([item.nodeid, epoch, time.perf_counter() - start])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None, object, object]:
    """The first test's fixtures are there."""
    mark("first call")
    return (yield)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Add up the phases."""
    _phases[report.nodeid] = _phases.get(report.nodeid, 0.0) + report.duration
    if report.failed:
        _failed.add(report.nodeid)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """The last test has ended, and a forked worker's process soon does."""
    _profile.disable()
    _write(session.config)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Write the file."""
    if profile := os.environ.get("BENCH_PROFILE"):
        _profile.dump_stats(profile)
    mark("end")
    _write(config)


def _write(config: pytest.Config) -> None:
    worker = getattr(config, "workerinput", {}).get("workerid", "main")
    tests = [[*row, _phases.get(row[0], 0.0), row[0] in _failed] for row in _tests]
    Path(os.environ["BENCH_OUT"], f"{worker}.json").write_text(
        json.dumps({"worker": worker, "events": _events, "spans": _spans, "tests": tests})
    )
