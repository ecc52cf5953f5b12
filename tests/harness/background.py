"""Suites that run in the background and wait in their tests, and their processes."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Protocol, TypeVar

import pytest

from tests.harness.conftest import SETTINGS, write

WAITS = """
    import os, time
    from pathlib import Path
    import pytest
    from tests.conftest import held, put

    @pytest.mark.timeout(0)
    def test_it(FIXTURE):
        put(os.getpid())
        worker = os.environ.get("PYTEST_XDIST_WORKER", "master")
        path = Path("running", f"{worker} {os.getpid()}")
        path.parent.mkdir(exist_ok=True)
        path.touch()
        while not Path("go").exists():
            time.sleep(0.02)
        assert held() == [os.getpid()]
"""


@dataclass(frozen=True)
class Application:
    """What uses a service: `put` writes a number, `held` returns all that are there."""

    settings: str
    conftest: str
    fixture: str = "request"
    """What its tests ask for."""


class Given(Protocol):
    """A server that is not of the runs."""

    variables: dict[str, str]

    def add_others(self) -> None: ...
    def owners(self) -> set[str]: ...
    def stop(self) -> None: ...


G = TypeVar("G", bound=Given)


@contextmanager
def given_server(start: Callable[[], G], patch: pytest.MonkeyPatch) -> Iterator[G]:
    """Run a server that the environment's variables give to runs."""
    started = start()
    try:
        for name, value in started.variables.items():
            patch.setenv(name, value)
        yield started
    finally:
        started.stop()


class Suite:
    """A run in the background: its first tests wait for `finish`."""

    def __init__(
        self, folder: Path, application: Application, *options: str, modules: str = "ab"
    ) -> None:
        self.folder = folder
        waits = dedent(WAITS).replace("FIXTURE", application.fixture)
        files = {f"tests/integration/test_{name}.py": waits for name in modules}
        settings = dedent(SETTINGS) + dedent(application.settings)
        files |= {"pyproject.toml": settings, "tests/conftest.py": application.conftest}
        write(folder, files)
        with (folder / "output").open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options],
                cwd=folder,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def running(self, count: int) -> list[int]:
        """Wait until so many tests run; return the pids of their workers."""
        deadline = time.monotonic() + 240  # RabbitMQ says by then why it does not start
        while len(found := sorted(self.folder.glob("running/*"))) < count:
            assert self.process.poll() is None, self.output()
            assert time.monotonic() < deadline, self.output()
            time.sleep(0.02)
        return [int(path.name.split()[1]) for path in found]

    def output(self) -> str:
        return (self.folder / "output").read_text("utf-8")

    def finish(self) -> str:
        (self.folder / "go").touch()
        self.process.wait(120)
        return self.output()

    def kill(self, workers: Collection[int] = ()) -> None:
        """Kill the controller (-9), then workers."""
        self.process.kill()
        self.process.wait()
        kill(workers)
        assert all_ended(workers)


def family(pid: int) -> set[int]:
    """Return the processes that this one has started, and those that they have."""
    parents: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*"):
        if fields := _status(int(path.name)):
            parents.setdefault(int(fields[1]), []).append(int(path.name))
    found, todo = set(), [pid]
    while todo:
        children = parents.get(todo.pop(), [])
        found.update(children)
        todo += children
    return found


def servers(pids: Collection[int]) -> dict[int, Path]:
    """Return those of the processes that are servers of the plugin's services, with their folders.

    Without the shells that watch over them.
    """
    found = {}
    for pid in pids:
        with suppress(OSError):
            folder = Path(f"/proc/{pid}/cwd").resolve(strict=True)
            if folder.name.startswith("service-") and not is_watcher(pid):
                found[pid] = folder
    return found


def is_watcher(pid: int) -> bool:
    """Say whether it is a shell that ends a server with its run."""
    with suppress(OSError):
        return b"kill -KILL 0" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False


def kill(pids: Collection[int]) -> None:
    """Kill (-9) processes, of which some may end with others."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def all_ended(pids: Collection[int]) -> bool:
    """Wait until processes have ended."""
    deadline = time.monotonic() + 20
    while any(lives(pid) for pid in pids):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def lives(pid: int) -> bool:
    """Say whether a process runs; a zombie does not."""
    fields = _status(pid)
    return bool(fields) and fields[0] not in "ZX"


def _status(pid: int) -> list[str]:
    """Return state, parent and more, or nothing where there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    except OSError:
        return []
