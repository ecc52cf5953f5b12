"""`run`: a small suite of its own, run by a second pytest with the plugin."""

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from xml.etree import ElementTree as ET

import platformdirs
import pytest
from pytest_greenfield.services.postgres import cache as caches

CACHE = platformdirs.user_cache_dir()
"""pytester gives each run a home of its own, where a server would be made anew each time."""

SETTINGS = """
    [project]
    name = "suite" # each name has templates of its own, which stay in the cache
    version = "1"

    [tool.pytest]
    strict = true
    asyncio_mode = "auto"
    asyncio_default_fixture_loop_scope = "session"
    asyncio_default_test_loop_scope = "session"
    filterwarnings = ["error"]
"""
_OUTCOMES = {"failure": "failed", "error": "error", "skipped": "skipped"}


@dataclass(frozen=True)
class Run:
    """What a run gave: per test `passed`, `failed`, `error` or `skipped`, in order, and why."""

    exit_code: int
    output: str
    outcomes: dict[str, str]
    messages: dict[str, str]
    properties: dict[str, str]

    @property
    def passed(self) -> set[str]:
        """The names of the tests that passed."""
        return {name for name, outcome in self.outcomes.items() if outcome == "passed"}


RunSuite = Callable[..., Run]


@pytest.fixture(scope="session")
def kept_cache() -> Iterator[Path]:
    """A cache that tests of this process share which do no harm to it."""
    yield from _cache()


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A cache of the test's own."""
    for folder in _cache():
        monkeypatch.setenv("TEST_CACHE_DIR", str(folder))
        yield folder


def _cache() -> Iterator[Path]:
    # Not tmp_path: the account that runs the server for root cannot enter it.
    folder = Path(tempfile.mkdtemp(prefix="greenfield-cache-"))
    folder.chmod(0o755 if os.getuid() == 0 else 0o700)
    yield folder
    caches.remove(folder)


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> RunSuite:
    """Runs pytest: `run({"tests/unit/test_a.py": source}, *options, settings='name = "value"')`.

    A second call finds the files of the first. The runs have no environment of this one's.
    """
    for name in os.environ:
        if name.startswith(("PYTEST_XDIST", "PYTEST_TIMEOUT", "PYTEST_GREENFIELD", "COV_")):
            monkeypatch.delenv(name)
    for name in ("CI", "BUILD_NUMBER"):  # pytest prints longer summaries there
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", CACHE)

    def run_suite(files: Mapping[str, str], *options: str, settings: str = "") -> Run:
        write(pytester.path, {"pyproject.toml": SETTINGS + settings} | dict(files))
        report = pytester.path / "report.xml"
        report.unlink(missing_ok=True)
        result = pytester.runpytest_subprocess(f"--junit-xml={report}", *options, timeout=300)
        return Run(int(result.ret), f"{result.stdout}\n{result.stderr}", *_read(report))

    return run_suite


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Write files below a folder."""
    for name, source in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(source), encoding="utf-8")


def _read(report: Path) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    outcomes: dict[str, str] = {}
    messages: dict[str, str] = {}
    if not report.exists():
        return outcomes, messages, {}
    root = ET.parse(report).getroot()  # noqa: S314 - written by the run itself
    for case in root.iter("testcase"):
        name = case.get("name", "")
        problems = [child for child in case if child.tag in _OUTCOMES]
        # a test that fails in its call and again in its teardown has two
        outcomes.setdefault(name, _OUTCOMES[problems[0].tag] if problems else "passed")
        for problem in problems:
            text = f"{problem.get('message', '')}\n{problem.text or ''}\n"
            messages[name] = messages.get(name, "") + text
    properties = {item.get("name", ""): item.get("value", "") for item in root.iter("property")}
    return outcomes, messages, properties
