"""What is true of the project: its files, fixtures, markers, tools and variables."""

import re
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.util import find_spec
from pathlib import Path

import pytest

OF_TOOLS = frozenset({"COVERAGE_FILE", "PYTEST_ADDOPTS", "PYTEST_TIMEOUT"})
"""Variables that installed tools read."""

MADE_LATER = (".env", "htmlcov/", "uv.lock")
"""Files that come into being by working with the project."""

_DEFINITION = re.compile(r"^\s*(?:async )?(?:def|class) (\w+)", re.MULTILINE)
_FIXTURE = re.compile(r"^@pytest\.fixture.*\n(?:async )?def (\w+)", re.MULTILINE)
_VARIABLE = re.compile(r"""["']([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)["']""")


@dataclass(frozen=True)
class Facts:
    """The project at `root`, as the running pytest knows it.

    `fixtures` maps the name of each fixture that every test has to the module that defines it.
    """

    root: Path
    config: pytest.Config
    fixtures: Mapping[str, str]

    @classmethod
    def of(cls, session: pytest.Session) -> "Facts":
        """What a running session knows."""
        # No public interface lists fixtures; this is what `pytest --fixtures` asks.
        found = session._fixturemanager._get_all_fixture_defs()
        everywhere = {one.argname: one.func.__module__ for one in found if not one.baseid}
        return cls(session.config.rootpath, session.config, everywhere)

    @cached_property
    def own_fixtures(self) -> set[str]:
        """The harness's fixtures; a leading underscore says that one is not for tests."""
        return {
            name
            for name, module in self.fixtures.items()
            if module.startswith("backend.") and not name.startswith("_")
        }

    @cached_property
    def fixtures_of_levels(self) -> set[str]:
        """The fixtures of conftest.py files, read: pytest knows those of the running tests only."""
        files = (self.root / "backend/tests").rglob("conftest.py")
        return {name for path in files for name in _FIXTURE.findall(_read(path))}

    @cached_property
    def shared_fixtures(self) -> set[str]:
        """Those of a whole level, which its tests are expected to know."""
        files = (self.root / "backend/tests").glob("*/conftest.py")
        names = {name for path in files for name in _FIXTURE.findall(_read(path))}
        return {name for name in names if not name.startswith("_")}

    @cached_property
    def helpers(self) -> set[str]:
        """The public classes and functions of the harness."""
        tests = self.root / "backend/tests"
        files = [tests / "async_utils.py", *(tests / "plugins").rglob("*.py")]
        return {name for path in files for name in public_names(path)}

    @cached_property
    def markers(self) -> set[str]:
        """The registered markers."""
        lines: list[str] = self.config.getini("markers")
        return {re.split(r"[:(]", line)[0].strip() for line in lines}

    @cached_property
    def variables(self) -> set[str]:
        """The environment variables that the code, its settings or a tool reads."""
        example = self.root / ".env.example"
        settings = re.findall(r"^#?([A-Z][A-Z0-9_]*)=", _read(example), re.MULTILINE)
        return {*settings, *OF_TOOLS, *self.variables_below("backend")}

    def variables_below(self, folder: str) -> set[str]:
        """The variables that Python files name; those about documents only talk of them."""
        files = [path for path in (self.root / folder).rglob("*.py") if "docs" not in path.parts]
        return {name for path in files for name in _VARIABLE.findall(_read(path))}

    def has_tool(self, name: str) -> bool:
        """Whether `uv run` finds such a program."""
        scripts = Path(sysconfig.get_path("scripts"))
        return any((scripts / f"{name}{suffix}").exists() for suffix in ("", ".exe"))

    def has_module(self, dotted: str) -> bool:
        """Whether `import` finds such a module: looked for, as importing takes its time."""
        if dotted.partition(".")[0] == "backend":
            return self._source(dotted) is not None
        if dotted in sys.modules:
            return True
        top, _, rest = dotted.partition(".")
        found = find_spec(top) if top else None
        if found is None or not rest:
            return found is not None
        paths = [Path(place, *rest.split(".")) for place in found.submodule_search_locations or []]
        return any(path.is_dir() or path.with_suffix(".py").exists() for path in paths)

    def has_attribute(self, module: str, name: str) -> bool:
        """Whether `from module import name` works; of others' modules, only loaded ones are asked.

        Importing the application or SQLAlchemy takes a good part of a unit test's second.
        """
        if module.partition(".")[0] != "backend":
            loaded = sys.modules.get(module)
            return self.has_module(module) if loaded is None else hasattr(loaded, name)
        source = self._source(module)
        if source is None:
            return False
        made = rf"^(?:(?:async )?def |class )?{name}\b|^(?:from .* )?import .*\b{name}\b|\"{name}\""
        found = re.search(made, _read(source), re.MULTILINE)
        return found is not None or self.has_module(f"{module}.{name}")

    def _source(self, dotted: str) -> Path | None:
        """The file of one of the project's modules or packages."""
        path = self.root / dotted.replace(".", "/")
        files = (path.with_suffix(".py"), path / "__init__.py")
        return next((file for file in files if file.is_file()), None)

    def has_path(self, path: str, folder: Path) -> bool:
        """Whether a path, seen from a document's folder or from the root, is there.

        It may have `*`, which must match something, and `<name>`, which stands for what the reader
        chooses: the folder before it must be there.
        """
        if path in MADE_LATER:
            return True
        before, placeholder, _ = path.partition("<")
        if placeholder:
            path = before.rpartition("/")[0] or "."
        for base in (folder, self.root):
            if "*" in path:
                if any(base.glob(path)):
                    return True
            elif (base / path).is_dir() or (not path.endswith("/") and (base / path).exists()):
                return True
        return False

    def has_test(self, path: str, names: list[str]) -> bool:
        """Whether a file defines the classes and tests of a node id."""
        defined = set(_DEFINITION.findall(_read(self.root / path)))
        return {name.partition("[")[0] for name in names} <= defined


def public_names(path: Path) -> set[str]:
    """The public classes and functions at the top of a Python file."""
    found = re.findall(r"^(?:async )?(?:def|class) (\w+)", _read(path), re.MULTILINE)
    return {name for name in found if not name.startswith("_")}


@cache
def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")
