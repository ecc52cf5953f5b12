"""The level of a test: its folder says how long it may take and whether it runs by default.

The level is the first folder below `tests/` that bears a level's name; in a tree without `tests/`,
the first such folder of all. A test file in no level is an error, because it would have no limit
and no rules, unless the project gives a default level.
"""

import re
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path, PurePath

import pytest

from .settings import OPT_IN, Level, Settings

MARKERS = (
    "slow: may take longer than its level's limit (slow= in greenfield_levels)",
    "serial(group='default'): never overlaps a test of the same group, under any -n and --dist",
    "benchmark: measures; runs only when asked for (by path: benchmarks/)",
    "gpu: needs a GPU or the real model service; runs only when asked for (by path: gpu/)",
)


class Levels:
    """Finds the level of tests and leaves out those that nobody asked for."""

    def __init__(self, settings: Settings) -> None:
        self._levels = settings.levels
        self._default = settings.default_level
        # A test's is asked for several times: this dictionary is all that most of them cost.
        self._of_name: dict[str, Level | None] = {}
        self._of_file = lru_cache(maxsize=None)(self._find)
        self.misplaced: list[str] = []
        self.not_run: dict[str, str] = {}
        """Name of a level -> how many of its tests were left out, and what runs them."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all levels, the offline one first."""
        return tuple(self._levels)

    def declare_options(self, parser: pytest.Parser) -> None:
        """Add an option for each level that runs only when asked for."""
        group = parser.getgroup("greenfield")
        for name in OPT_IN.keys() & self._levels.keys():
            with suppress(ValueError):  # another plugin's option of this name has the same effect
                group.addoption(f"--{name}", action="store_true", help=f"also run {name}/")

    def of_path(self, path: str | PurePath) -> Level | None:
        """Return the level of a file or node id relative to the root; None outside of all."""
        name = str(path)
        if name not in self._of_name:
            self._of_name[name] = self._of_file(name.partition("::")[0])
        return self._of_name[name]

    def of(self, item: pytest.Item) -> Level | None:
        """Return the level of a collected test."""
        return self.of_path(item.nodeid)

    def is_online(self, item: pytest.Item) -> bool:
        """Whether a test may use a network, and with it a server."""
        return self.any_online((item.nodeid,))

    def any_online(self, nodeids: Iterable[str]) -> bool:
        """Whether any of the tests may use a network, and with it a server."""
        for nodeid in nodeids:
            level = self.of_path(nodeid)
            if level is None or not level.offline:
                return True
        return False

    def _find(self, file: str) -> Level | None:
        parts = re.split(r"[/\\]", file)[:-1]
        below = parts[parts.index("tests") + 1 :] if "tests" in parts else parts
        name = next((part for part in below if part in self._levels), None)
        return self._levels[name] if name else self._default

    def make_module(self, path: Path, parent: pytest.Collector) -> pytest.Module | None:
        """Return a module that refuses to be collected where no level covers a test file."""
        root = parent.config.rootpath
        relative = path.relative_to(root) if path.is_relative_to(root) else path
        if self.of_path(relative) is not None:
            return None
        module: _MisplacedModule = _MisplacedModule.from_parent(parent, path=path)
        module.levels = None if self.misplaced else self
        self.misplaced.append(relative.as_posix())
        return module

    def refusal(self) -> str:
        """Return the sentence about test files outside every level."""
        more = len(self.misplaced) - 1
        files = (
            f"{self.misplaced[0]} (and {more} more) lie" if more else f"{self.misplaced[0]} lies"
        )
        folders = ", ".join(f"tests/{name}/" for name in self._levels)
        suggested = [*self._levels][:2][-1]  # the first has no network
        return (
            f"{files} outside every level: move to one of {folders},"
            f' or set greenfield_default_level = "{suggested}".'
        )

    def select(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Mark the tests of each level and deselect the levels that nobody asked for."""
        wanted = {name for name in self._levels if self._is_wanted(config, name)}
        left_out: list[pytest.Item] = []
        kept: list[pytest.Item] = []
        for item in items:
            level = self.of(item)
            if level is not None and level.marker:
                item.add_marker(level.marker)
            (kept if level is None or level.name in wanted else left_out).append(item)
        if left_out:
            counts = Counter(level.name for item in left_out if (level := self.of(item)))
            for name, count in counts.items():
                self.not_run[name] = f"{count} in {name}/ (run them with --{name})"
            config.hook.pytest_deselected(items=left_out)
            items[:] = kept

    def are_wanted_online(self, config: pytest.Config) -> bool:
        """Whether the arguments look as if tests that may use a server are going to run.

        Before collection nobody knows which tests an expression leaves.
        """
        options = config.option
        if options.collectonly or options.keyword or options.markexpr or getattr(options, "lf", 0):
            return False
        root = config.rootpath.resolve()
        return any(
            (level := self._of_argument(argument, config, root)) is None or not level.offline
            for argument in config.args
        )

    def _is_wanted(self, config: pytest.Config, name: str) -> bool:
        """Whether a level runs: by default, or by its option, its marker in `-m`, or a path."""
        if name not in OPT_IN or config.getoption(f"--{name}", default=False):
            return True
        expression = str(config.getoption("markexpr", ""))
        if re.search(rf"(?<!not )\b{OPT_IN[name]}\b", expression):
            return True
        return any(level.name == name for level in self._of_arguments(config))

    def _of_arguments(self, config: pytest.Config) -> Iterable[Level]:
        root = config.rootpath.resolve()
        for argument in config.args:
            if (level := self._of_argument(argument, config, root)) is not None:
                yield level

    def _of_argument(self, argument: str, config: pytest.Config, root: Path) -> Level | None:
        path = Path(config.invocation_params.dir, argument.partition("::")[0]).resolve()
        relative = path.relative_to(root) if path.is_relative_to(root) else path
        return self.of_path(relative / "any" if path.is_dir() else relative)


class _MisplacedModule(pytest.Module):
    """A test file in no level. The first is an error for all of them, the others are empty."""

    levels: Levels | None

    def collect(self) -> Iterable[pytest.Item | pytest.Collector]:
        if self.levels is not None:
            raise self.CollectError(self.levels.refusal())
        return []
