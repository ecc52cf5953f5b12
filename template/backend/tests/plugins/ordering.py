"""Random order, and random numbers that can be had again: one seed for the order and for each test.

The options are pytest-randomly's (`--randomly-seed=N`, `--randomly-seed=last`,
`--randomly-dont-reorganize`, `--randomly-dont-reset-seed`), which is not used itself: it imports
factory_boy, and with it SQLAlchemy and Faker, into every run (0.7 s before the first test), and
adds an autouse fixture and three reseedings to each test. `random`, Faker and factory_boy are
seeded here once per test, and only if the test's imports have loaded them.
"""

import random
import sys
from typing import Any
from zlib import crc32

import pytest

SEED = pytest.StashKey[int]()
_CACHE_KEY = "ordering/seed"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take pytest-randomly's options."""
    group = parser.getgroup("ordering", "random order")
    group.addoption("--randomly-seed", help="a number, or `last` for the previous run's")
    group.addoption("--randomly-dont-reorganize", action="store_true", help="keep the files' order")
    group.addoption("--randomly-dont-reset-seed", action="store_true", help="do not seed each test")


def pytest_configure(config: pytest.Config) -> None:
    """Choose the seed once; workers are told the controller's.

    Raises:
        pytest.UsageError: `--randomly-seed` is neither a number nor `last`.
    """
    workerinput: dict[str, Any] | None = getattr(config, "workerinput", None)
    if workerinput is not None:
        seed = int(workerinput["randomly_seed"])
    else:
        cache = getattr(config, "cache", None)  # none with -p no:cacheprovider
        seed = _chosen(config.getoption("randomly_seed"), cache)
        if cache is not None:
            cache.set(_CACHE_KEY, seed)
    config.stash[SEED] = seed
    if not config.getoption("randomly_dont_reset_seed"):
        config.pluginmanager.register(_SeedEachTest(seed), "seed-each-test")


def _chosen(given: str | None, cache: pytest.Cache | None) -> int:
    if given == "last":
        given = cache.get(_CACHE_KEY, None) if cache is not None else None
    if given is None:
        return random.SystemRandom().getrandbits(32)
    try:
        return int(given)
    except ValueError as error:
        raise pytest.UsageError(f"--randomly-seed takes a number or last, not {given}.") from error


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker the seed."""
    node.workerinput["randomly_seed"] = node.config.stash[SEED]


def pytest_report_header(config: pytest.Config) -> str:
    """The seed, first thing, so that a run that hangs or is killed can be had again."""
    return f"random seed: {config.stash[SEED]} (again: --randomly-seed={config.stash[SEED]})"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Shuffle modules, classes in them and tests in these, so that wide fixtures stay few.

    A test's place follows from the seed and names alone: other tests may come and go.
    """
    if config.getoption("randomly_dont_reorganize"):
        return
    seed = config.stash[SEED]

    def rank(name: str) -> int:
        return crc32(f"{seed}::{name}".encode(errors="surrogatepass"))

    def place(item: pytest.Item) -> tuple[int, str, int, str, int]:
        file, _, rest = item.nodeid.partition("::")
        group = rest.rpartition("::")[0].partition("[")[0]
        return rank(file), file, rank(f"{file}::{group}"), group, rank(item.nodeid)

    items.sort(key=place)


class _SeedEachTest:
    """Give every test the same random numbers in every order and on every worker."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        seed = self.seed ^ crc32(item.nodeid.encode(errors="surrogatepass"))
        random.seed(seed)
        # Neither is imported for a test that does not use it; both keep a generator of their own.
        if (faker := sys.modules.get("faker.generator")) is not None:
            faker.random.seed(seed)
        if (factory := sys.modules.get("factory.random")) is not None:
            factory.randgen.seed(seed)
