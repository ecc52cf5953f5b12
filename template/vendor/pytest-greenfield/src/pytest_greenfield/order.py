"""Random order and reproducible random numbers: one seed for the order and for each test.

The options are pytest-randomly's, which is not used itself: it imports factory_boy and Faker into
every run (0.7 s before the first test, with SQLAlchemy) and adds an autouse fixture and three
reseedings to each test. Where a project has it all the same, it does the work, not this module.
"""

import importlib.util
import os
import random
import sys
from zlib import crc32

import pytest

_CACHE_KEY = "greenfield/seed"
_RANDOMLY = "randomly"


def declare_options(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Take pytest-randomly's options, unless it takes them itself."""
    if _randomly_will_load(pluginmanager):
        return
    group = parser.getgroup("greenfield")
    group.addoption("--randomly-seed", help="a number, or `last` for the previous run's")
    group.addoption("--randomly-dont-reorganize", action="store_true", help="keep the files' order")
    group.addoption("--randomly-dont-reset-seed", action="store_true", help="do not seed each test")


def _randomly_will_load(pluginmanager: pytest.PytestPluginManager) -> bool:
    # Which of two installed plugins is loaded first is chance: look ahead.
    if _randomly_is_loaded(pluginmanager):
        return True
    unwanted = pluginmanager.is_blocked(_RANDOMLY) or "PYTEST_DISABLE_PLUGIN_AUTOLOAD" in os.environ
    return not unwanted and importlib.util.find_spec("pytest_randomly") is not None


def _randomly_is_loaded(pluginmanager: pytest.PytestPluginManager) -> bool:
    return pluginmanager.has_plugin(_RANDOMLY) or pluginmanager.has_plugin("pytest_randomly")


class Order:
    """The seed of a run and what follows from it. `seed` is None under pytest-randomly."""

    def __init__(self) -> None:
        self.seed: int | None = None
        self._shuffles = False
        self._seeds_tests = False

    def configure(self, config: pytest.Config, given: int | None) -> None:
        """Choose the seed, or take the controller's.

        Raises:
            pytest.UsageError: `--randomly-seed` is neither a number nor `last`.
        """
        if _randomly_is_loaded(config.pluginmanager):
            return
        cache: pytest.Cache | None = getattr(config, "cache", None)  # -p no:cacheprovider
        self.seed = _choose(config.getoption("randomly_seed"), cache) if given is None else given
        if cache is not None and given is None:
            cache.set(_CACHE_KEY, self.seed)
        self._shuffles = not config.getoption("randomly_dont_reorganize")
        self._seeds_tests = not config.getoption("randomly_dont_reset_seed")

    @property
    def header(self) -> str:
        """The seed, at the start, so that a run that hangs or is killed can be reproduced."""
        if self.seed is None:
            return "random order: pytest-randomly's"
        return f"random seed: {self.seed} (again: --randomly-seed={self.seed})"

    def shuffle(self, items: list[pytest.Item]) -> None:
        """Shuffle modules, classes in them and tests in these, so that wide fixtures stay few.

        A test's place follows from the seed and names alone: other tests may come and go.
        """
        if self._shuffles:
            items.sort(key=self._place)

    def _place(self, item: pytest.Item) -> tuple[int, str, int, str, int]:
        file, _, rest = item.nodeid.partition("::")
        group = rest.rpartition("::")[0].partition("[")[0]
        in_file = self._number(f"{file}::{group}")
        return self._number(file), file, in_file, group, self._number(item.nodeid)

    def _number(self, name: str) -> int:
        return crc32(f"{self.seed}::{name}".encode(errors="surrogatepass"))

    def seed_numbers(self, item: pytest.Item) -> None:
        """Give a test the same random numbers in every order and on every worker."""
        if self.seed is None or not self._seeds_tests:
            return
        seed = self.seed ^ crc32(item.nodeid.encode(errors="surrogatepass"))
        random.seed(seed)
        # Neither is imported for a test that does not use it; both keep a generator of their own.
        if (faker := sys.modules.get("faker.generator")) is not None:
            faker.random.seed(seed)
        if (factory := sys.modules.get("factory.random")) is not None:
            factory.randgen.seed(seed)


def _choose(given: str | None, cache: pytest.Cache | None) -> int:
    if given == "last":
        given = cache.get(_CACHE_KEY, None) if cache is not None else None
    if given is None:
        return random.SystemRandom().getrandbits(32)
    try:
        return int(given)
    except ValueError as error:
        raise pytest.UsageError(f"--randomly-seed takes a number or last, not {given}.") from error
