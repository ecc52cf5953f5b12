"""`inner_run`: a small suite of its own, run by a second pytest with this harness, for its proofs.

The suite has the project's own pytest settings, with limits short enough to wait for. It has no
application and no database.
"""

import json
import os
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from textwrap import dedent
from typing import Any
from xml.etree import ElementTree as ET

import pytest

PROJECT = Path(__file__).parents[3]
_OUTCOMES = {"failure": "failed", "error": "error", "skipped": "skipped"}
_NEEDED = ("-p", "pytest_asyncio.plugin", "-p", "pytest_timeout", "-p", "xdist.plugin")
_REPORT = "report.xml"
PLUGINS = (
    *("forks.plugin", "layers", "ordering", "proofs", "serial"),
    *("sockets", "summary", "timeouts", "tracebacks", "workers"),
)


@dataclass(frozen=True)
class InnerRun:
    """What a run gave: per test `passed`, `failed`, `error` or `skipped`, and why."""

    folder: Path
    exit_code: int
    output: str
    outcomes: dict[str, str]
    messages: dict[str, str]
    properties: dict[str, str]

    @property
    def passed(self) -> set[str]:
        """The names of the tests that passed."""
        return {name for name, outcome in self.outcomes.items() if outcome == "passed"}

    @property
    def order(self) -> list[str]:
        """The tests in the order in which they ran."""
        return list(self.outcomes)


class RunInner:
    """`inner_run({"tests/unit/test_a.py": source, …}, *options, **settings)`.

    Settings replace those of [tool.pytest]. `layer_timeouts` gives unit tests 0.1 s
    and the others 5 s. Each run has a folder of its own, unless `folder` names an earlier one.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(
        self,
        files: Mapping[str, str],
        *options: str,
        folder: Path | None = None,
        **settings: Any,
    ) -> InnerRun:
        """Write the suite, run it, read what it gave."""
        where = folder or Path(mkdtemp(dir=self._folder))
        _write(where, files, settings)
        with self.started(where, *options) as process:
            output = "".join(process.communicate())
        return InnerRun(where, process.returncode, output, *_read(where / _REPORT))

    @contextmanager
    def started(self, folder: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
        """A run of a suite that was written before, for proofs that disturb it; killed at the end
        of the block.
        """
        with subprocess.Popen(
            [sys.executable, "-m", "pytest", *_NEEDED, f"--junit-xml={_REPORT}", *options],
            cwd=folder,
            env=_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                yield process
            finally:
                process.kill()


@pytest.fixture
def inner_run(tmp_path: Path) -> RunInner:
    """Runs suites in folders below the test's temporary one."""
    return RunInner(tmp_path)


def together(*runs: Callable[[], InnerRun]) -> list[InnerRun]:
    """Do several runs at the same time: most of each is the interpreter's start, or waiting."""
    with ThreadPoolExecutor() as pool:
        return list(pool.map(lambda run: run(), runs))


def wait_until(condition: Callable[[], bool], seconds: float = 10) -> None:
    """Wait for what a run does, or does not do any more. Fails when it takes longer."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


def _environment() -> dict[str, str]:
    # Neither this run's options nor its coverage: inner suites have no application to measure.
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV"))
    }
    return kept | {"PYTHONPATH": str(PROJECT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}


def _write(folder: Path, files: Mapping[str, str], settings: Mapping[str, Any]) -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    limits = ["unit=0.1", "integration=5", "e2e=5", "slow=5", "shared=5", "benchmarks=0"]
    merged = (
        project["tool"]["pytest"] | {"testpaths": ["tests"], "layer_timeouts": limits} | settings
    )
    lines = [f"{name} = {json.dumps(value)}" for name, value in merged.items()]
    (folder / "pytest.toml").write_text("\n".join(["[pytest]", *lines]), encoding="utf-8")
    plugins = [f"backend.tests.plugins.{name}" for name in PLUGINS]
    conftest = f"""
        import pytest
        pytest.register_assert_rewrite("backend.tests.plugins")
        pytest_plugins = {plugins}
    """
    for name, source in {"tests/conftest.py": conftest, **files}.items():
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
