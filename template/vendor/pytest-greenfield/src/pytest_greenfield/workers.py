"""`-n auto` uses only as many workers as speed up the run: a small run is faster without any.

A worker starts, imports and collects for itself, about a second, before it runs a test. So each
must have `WORTH` seconds of tests. How long the tests of a file take is known from earlier runs, in
pytest's cache; an unknown file counts as an average one. `-n 4` and PYTEST_XDIST_AUTO_NUM_WORKERS
are taken at their word, and so are all cores when nothing is known.
"""

import json
import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from .compat import reports
from .levels import Levels

WORTH = 2.0
"""Seconds of tests for which a worker pays."""

_CACHE_KEY = "greenfield/seconds"


class Workers:
    """How many workers `-n auto` takes. `header` says so."""

    def __init__(self, config: pytest.Config, levels: Levels) -> None:
        self._config = config
        self._levels = levels
        self.header = ""

    def choose(self, cores: int) -> int:
        """Return how many workers pay; one alone never does."""
        if os.environ.get("PYTEST_XDIST_AUTO_NUM_WORKERS"):
            return cores
        known = self._known()
        files = set(self._files())
        times = [known[file] for file in files if file in known]
        if not times:
            return cores
        seconds = sum(times) * len(files) / len(times)
        workers = min(cores, int(seconds / WORTH))
        workers = workers if workers > 1 else 0
        self.header = f"-n auto: {workers or 'no'} workers for about {seconds:.0f} s of tests"
        return workers

    def remember(self, session: pytest.Session) -> None:
        """Note how long the tests of each file took; what this run has left out stays known."""
        cache: pytest.Cache | None = getattr(self._config, "cache", None)
        if cache is None or _is_partial(session):
            return
        seconds: dict[str, float] = defaultdict(float)
        for _, report in reports(self._config):
            seconds[report.nodeid.partition("::")[0]] += report.duration
        known = self._known().items()
        kept = {file: time for file, time in known if (self._config.rootpath / file).exists()}
        if seconds:
            cache.set(_CACHE_KEY, kept | {file: round(time, 3) for file, time in seconds.items()})

    def _known(self) -> dict[str, float]:
        # Read from its file: xdist asks before pytest has opened its cache.
        try:  # no file yet, or no such setting with -p no:cacheprovider
            folder = self._config.rootpath / self._config.getini("cache_dir")
            known: dict[str, float] = json.loads((folder / "v" / _CACHE_KEY).read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return known

    def _files(self) -> Iterator[str]:
        """Yield the test files that the arguments name and that run by default."""
        patterns: list[str] = self._config.getini("python_files")
        for argument in self._config.args:
            path = Path(self._config.invocation_params.dir, argument.partition("::")[0])
            found = [path] if path.is_file() else [f for p in patterns for f in path.rglob(p)]
            for file in found:
                if file.is_relative_to(self._config.rootpath):
                    name = file.relative_to(self._config.rootpath).as_posix()
                    level = self._levels.of_path(name)
                    if level is None or not level.marker:
                        yield name


def _is_partial(session: pytest.Session) -> bool:
    """Whether some tests of a file may not have run."""
    options = session.config.option
    return bool(
        options.keyword
        or options.markexpr
        or getattr(options, "lf", False)
        or session.shouldstop
        or session.shouldfail
        or any("::" in argument for argument in session.config.args)
    )
