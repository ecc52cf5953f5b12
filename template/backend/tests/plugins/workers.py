"""`-n auto` takes as many workers as pay: a small run is faster without any.

A worker starts, imports and collects for itself, about a second, before it runs a test. So each
must have `WORTH` seconds of tests. How long tests take is known from earlier runs, by file, in
pytest's cache; a file that has not run yet is counted. `-n 4` and PYTEST_XDIST_AUTO_NUM_WORKERS
are taken at their word.
"""

import json
import os
import re
from collections.abc import Generator, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from .layers import layer_of
from .summary import totals_of

WORTH = 2.0
"""Seconds of tests for which a worker pays; the template's docs/speed.md has the measurements."""

NOT_YET_RUN = {"unit": 0.005, "integration": 0.03, "e2e": 0.2}
"""Seconds a test of each layer, until a run has told; others are taken for integration tests."""

CHOICE = pytest.StashKey[str]()
_CACHE_KEY = "workers/seconds"
_TEST = re.compile(r"^\s*(?:async )?def test_", re.MULTILINE)


@pytest.hookimpl(optionalhook=True, wrapper=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> Generator[None, int, int]:
    """At most a worker for each core, as xdist says; fewer, or none, for a small run."""
    cores = yield
    if os.environ.get("PYTEST_XDIST_AUTO_NUM_WORKERS"):
        return cores
    seconds = sum(estimates(_files(config), _earlier(config), config.rootpath))
    workers = choose(cores, seconds)
    config.stash[CHOICE] = f"{workers or 'no'} workers for about {seconds:.0f} s of tests"
    return workers


def choose(cores: int, seconds: float) -> int:
    """How many workers pay for tests that take so many seconds; one alone never does."""
    workers = min(cores, int(seconds / WORTH))
    return workers if workers > 1 else 0


def pytest_report_header(config: pytest.Config) -> str | None:
    """What `-n auto` has chosen."""
    choice = config.stash.get(CHOICE, None)
    return choice and f"-n auto: {choice}"


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Note how long the tests of each file took; what this run has left out stays known."""
    config = session.config
    cache: pytest.Cache | None = getattr(config, "cache", None)
    if hasattr(config, "workerinput") or cache is None or _partial(session):
        return
    seconds: dict[str, float] = {}
    for nodeid, duration in totals_of(config).by_test.items():
        file = nodeid.partition("::")[0]
        seconds[file] = seconds.get(file, 0.0) + duration
    earlier = _earlier(config)
    known = {file: time for file, time in earlier.items() if (config.rootpath / file).exists()}
    if seconds:
        rounded = {file: round(time, 3) for file, time in seconds.items()}
        cache.set(_CACHE_KEY, known | rounded)


def _partial(session: pytest.Session) -> bool:
    """Whether some tests of a file may not have run."""
    options = session.config.option
    return bool(
        options.keyword
        or options.markexpr
        or options.lf
        or session.shouldstop
        or session.shouldfail
        or any("::" in argument for argument in session.config.args)
    )


def _earlier(config: pytest.Config) -> dict[str, float]:
    # Read from its file: xdist asks before pytest has opened its cache.
    path = config.rootpath / config.getini("cache_dir") / "v" / _CACHE_KEY
    try:
        known: dict[str, float] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return known


def _files(config: pytest.Config) -> Iterator[Path]:
    patterns: Any = config.getini("python_files")
    for argument in config.args:
        path = Path(config.invocation_params.dir, argument.partition("::")[0])
        if path.is_file():
            yield path
        for pattern in patterns:
            yield from path.rglob(pattern)


def estimates(files: Iterable[Path], known: Mapping[str, float], root: Path) -> Iterator[float]:
    """Seconds of each file below `root`: as `known` by its name there, or else by its tests."""
    for path in set(files):
        name = path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
        layer = layer_of(name)
        if layer is not None and layer.opt_in:
            continue
        if name in known:
            yield known[name]
        else:
            each = NOT_YET_RUN.get(layer.name if layer else "", NOT_YET_RUN["integration"])
            yield each * len(_TEST.findall(path.read_text(encoding="utf-8", errors="replace")))
