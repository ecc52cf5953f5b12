"""The harness's own proofs in `integration/harness/` run again when what they prove has changed.

They start pytest and PostgreSQL again and again, half of the suite's time. One that has passed is
left out until the harness, the core, the proof itself, a package or Python changes. Those of an
option, in a folder of its name, run with the option. In CI, with `--harness` or with a path in a
`harness/` folder all of them run.
"""

import os
import sys
from collections.abc import Iterable
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from .layers import NOT_RUN

FOLDER = "integration/harness/"
OPTIONS = ("forks",)
"""Options of the harness that have a folder of proofs."""

_CACHE_KEY = "harness/proven"
_PROOFS = pytest.StashKey["Proofs"]()
_INPUT = "harness_proven"


class Proofs:
    """Which proof has passed with which fingerprint: those of earlier runs, and of this one."""

    def __init__(self, earlier: dict[str, str]) -> None:
        self.earlier = earlier
        self.passed: set[str] = set()
        self.failed: set[str] = set()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the switch."""
    group = parser.getgroup("layers")
    group.addoption("--harness", action="store_true", help="also run proofs that have passed")


def pytest_configure(config: pytest.Config) -> None:
    """Read once what has passed: another run may write it while this one's workers collect."""
    workerinput: dict[str, Any] | None = getattr(config, "workerinput", None)
    if workerinput is not None:
        config.stash[_PROOFS] = Proofs(workerinput[_INPUT])
    else:
        store = getattr(config, "cache", None)
        config.stash[_PROOFS] = Proofs(store.get(_CACHE_KEY, {}) if store is not None else {})


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Give all workers the same answer."""
    node.workerinput[_INPUT] = node.config.stash[_PROOFS].earlier


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what has passed and has not changed since, or is about an option not in use."""
    if _all_are_wanted(config):
        return
    earlier = config.stash[_PROOFS].earlier
    unused = tuple(f"{FOLDER}{name}/" for name in OPTIONS if not config.getoption(name, None))
    proofs = [item for item in items if FOLDER in item.nodeid]
    proven = [item for item in proofs if _is_proven(config, earlier, item.nodeid)]
    optional = [item for item in proofs if any(folder in item.nodeid for folder in unused)]
    left_out = {*proven, *optional}
    if left_out:
        why = "proven and unchanged" if proven else "of options that are not used"
        config.stash[NOT_RUN]["harness"] = (
            f"{len(left_out)} in harness/, {why} (run them with --harness)"
        )
        config.hook.pytest_deselected(items=list(left_out))
        items[:] = [item for item in items if item not in left_out]


def _all_are_wanted(config: pytest.Config) -> bool:
    asked = any("harness" in Path(argument.partition("::")[0]).parts for argument in config.args)
    return asked or bool(config.getoption("harness")) or bool(os.environ.get("CI"))


def _is_proven(config: pytest.Config, earlier: dict[str, str], nodeid: str) -> bool:
    return earlier.get(nodeid) == fingerprint(config.rootpath, nodeid)


def fingerprint(root: Path, nodeid: str) -> str:
    """A hash of all that a proof's outcome depends on, apart from the machine."""
    return _fingerprint(root, (root / nodeid.partition("::")[0]).parent)


@cache
def _fingerprint(root: Path, folder: Path) -> str:
    tests = Path(__file__).parents[1]
    digest = sha256(sys.version.encode())
    sources = _sources([tests / "plugins", tests.parent / "core", folder])
    for file in [*sources, tests / "conftest.py", root / "pyproject.toml", root / "uv.lock"]:
        if file.is_file():
            digest.update(file.read_bytes())
    return digest.hexdigest()


def _sources(folders: Iterable[Path]) -> list[Path]:
    return [file for folder in folders for file in sorted(folder.rglob("*.py"))]


class _Recorder:
    """In the controller, which hears of every worker's tests."""

    def __init__(self, proofs: Proofs) -> None:
        self.proofs = proofs

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if FOLDER not in report.nodeid:
            return
        if report.failed:
            self.proofs.failed.add(report.nodeid)
        elif report.when == "call" and (report.passed or hasattr(report, "wasxfail")):
            self.proofs.passed.add(report.nodeid)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Listen, unless this is a worker."""
    config = session.config
    if not hasattr(config, "workerinput") and getattr(config, "cache", None) is not None:
        config.pluginmanager.register(_Recorder(config.stash[_PROOFS]), "proofs-recorder")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Remember what has passed."""
    config = session.config
    proofs = config.stash[_PROOFS]
    recorded = config.pluginmanager.has_plugin("proofs-recorder")
    if hasattr(config, "workerinput") or not recorded or config.cache is None:
        return
    proven = {name: seen for name, seen in proofs.earlier.items() if name not in proofs.failed}
    for nodeid in proofs.passed - proofs.failed:
        proven[nodeid] = fingerprint(config.rootpath, nodeid)
    if proven != proofs.earlier:
        config.cache.set(_CACHE_KEY, proven)
