"""A pytest plugin that notes what happened when, in one JSON file for each process, in $BENCH_OUT.

`tests`: node id, start (epoch), seconds of the whole protocol (everything that pytest and its
plugins do for this test). `events`: name -> epoch, of the run's start.
"""

import cProfile
import json
import os
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

_events: dict[str, float] = {"plugin": time.time()}
_tests: list[tuple[str, float, float]] = []
_profile = cProfile.Profile()


def mark(name: str) -> None:
    """Note an event, the first time it happens."""
    _events.setdefault(name, time.time())


@pytest.hookimpl(trylast=True)
def pytest_configure() -> None:
    """All plugins and the root conftest are loaded."""
    mark("configured")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_finish() -> None:
    """The tests are collected."""
    mark("collected")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """One test, with all that is done for it."""
    epoch, start = time.time(), time.perf_counter()
    try:
        return (yield)
    finally:
        if "BENCH_PROFILE" in os.environ:
            _profile.enable()  # from the second test on: the first one imports and connects
        _tests.append((item.nodeid, epoch, time.perf_counter() - start))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup() -> Generator[None, object, object]:
    """The worker's database is there."""
    mark("first setup")
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None, object, object]:
    """The first test's fixtures are there."""
    mark("first call")
    return (yield)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Write the file."""
    _profile.disable()
    if profile := os.environ.get("BENCH_PROFILE"):
        _profile.dump_stats(profile)
    worker: dict[str, Any] = getattr(config, "workerinput", {})
    path = Path(os.environ["BENCH_OUT"], f"{worker.get('workerid', 'main')}.json")
    path.write_text(json.dumps({"events": _events, "tests": _tests}))
