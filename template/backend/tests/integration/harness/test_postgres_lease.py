"""One server for all runs of a user, which ends with the last of them, however they end.

Each proof has a cluster of its own, in a folder whose name is long and has spaces.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from backend.tests.plugins.inner_run import wait_until
from backend.tests.plugins.postgres.account import server_account
from backend.tests.plugins.postgres.admin import Admin
from backend.tests.plugins.postgres.binaries import find
from backend.tests.plugins.postgres.cluster import locate_for_tests
from backend.tests.plugins.postgres.databases import Databases
from backend.tests.plugins.postgres.locks import is_held
from backend.tests.plugins.postgres.names import PROJECT_ROOT
from backend.tests.plugins.postgres.server import acquire

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="the embedded server is not for Windows"),
]


class Run:
    """A process that holds the server, as a pytest run does."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "backend.tests.integration.harness.postgres_run", *arguments],
            cwd=PROJECT_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._said: dict[str, str] = {}

    def __getitem__(self, key: str) -> str:
        """Wait until the run has the server, and return what it said."""
        if not self._said:
            assert self.process.stdout is not None
            self._said = json.loads(self.process.stdout.readline())
        return self._said[key]

    @property
    def port(self) -> int:
        port = urlsplit(self["url"]).port
        assert port is not None
        return port

    def end(self) -> None:
        self.process.communicate()

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A cache folder for these proofs. Root's server must be able to enter it, unlike tmp_path."""
    memory = Path("/dev/shm")  # noqa: S108 - mkdtemp makes a folder of ours in it
    fast = memory.is_dir() and shutil.disk_usage(memory).free > 2**30
    top = Path(tempfile.mkdtemp(prefix="proof of postgres ", dir=memory if fast else None))
    top.chmod(0o755)
    folder = top / ("a long name " * 10).strip() / ("and another " * 5).strip()
    folder.mkdir(parents=True)
    yield folder
    shutil.rmtree(top)


@pytest.fixture
def cache(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder, as the one that runs use; the cluster in it is kept from proof to proof."""
    monkeypatch.delenv("TEST_DATABASE_URL", raising=False)
    monkeypatch.setenv("TEST_SERVICES", "embedded")
    monkeypatch.setenv("TEST_CACHE_DIR", str(folder))
    return folder


@pytest.fixture
def run(cache: Path) -> Iterator[Callable[..., Run]]:
    """Start runs; those that a proof leaves are ended, and the server with them."""
    runs: list[Run] = []

    def start(*arguments: str) -> Run:
        runs.append(Run(*arguments))
        return runs[-1]

    yield start
    for one in runs:
        if one.process.returncode is None:
            one.end()
    wait_until(lambda: not any(is_held(lock) for lock in cache.glob("*/supervisor.lock")))


def is_listening(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def cluster_of(cache: Path) -> Path:
    (cluster,) = cache.glob("postgres-*")
    return cluster


def state_of(cache: Path) -> dict[str, int]:
    state: dict[str, int] = json.loads((cluster_of(cache) / "state.json").read_text())
    return state


def test_two_runs_on_a_cold_cache_share_one_server_until_both_have_ended(
    cache: Path, run: Callable[..., Run]
) -> None:
    account = server_account()
    shutil.rmtree(locate_for_tests(find(), account, cache).folder)
    half_made = locate_for_tests(find(), account, cache).folder / "new-1"
    half_made.mkdir()  # by an initdb that was killed
    first, second = run(), run()
    assert first["url"] == second["url"]
    cluster = cluster_of(cache)
    assert (cluster / "password").stat().st_mode & 0o777 == 0o600
    assert not list(cluster.glob("new-*"))
    with pytest.raises(Exception, match="password authentication failed"):
        Admin(f"postgresql://postgres:guess@127.0.0.1:{first.port}/postgres")

    first.end()
    assert is_listening(first.port)
    second.end()
    wait_until(lambda: not is_listening(first.port))
    assert not (cluster / "state.json").exists()


def test_what_killed_runs_leave_is_cleaned_up_and_nothing_else(
    cache: Path, run: Callable[..., Run]
) -> None:
    killed, alive = run("killed"), run("alive")
    orphan, held = killed["database"], alive["database"]
    killed.kill()
    with acquire() as server:
        databases = Databases(server)
        try:
            admin = Admin(server.url)
            admin.execute("CREATE DATABASE test_of_somebody_else")
            admin.execute('COMMENT ON DATABASE test_of_somebody_else IS \'{"by": "me"}\'')
            admin.execute("CREATE DATABASE important")
            assert databases.drop_orphans() == [orphan]
            left = (held, "test_of_somebody_else", "important")
            assert all(databases.exists(name) for name in left)
            with pytest.raises(ValueError, match="not made by this worker"):
                databases.drop("important")
            admin.execute("DROP DATABASE test_of_somebody_else")
            admin.execute("DROP DATABASE important")
            admin.close()
        finally:
            databases.close()

    # All runs killed: nobody but the supervisor is left to stop the server.
    alive.kill()
    wait_until(lambda: not is_listening(killed.port))
    with acquire() as server:
        databases = Databases(server)
        try:
            assert databases.drop_orphans() == [held]
        finally:
            databases.close()


def test_the_server_outlives_its_supervisor_and_recovers_from_its_own_death(
    cache: Path, run: Callable[..., Run]
) -> None:
    first = run()
    assert first.port
    before = state_of(cache)
    os.kill(before["supervisor"], signal.SIGKILL)
    second = run()
    assert second.port == first.port, "the next run adopts the server"
    after = state_of(cache)
    assert after["server"] == before["server"]
    assert after["supervisor"] != before["supervisor"]

    os.kill(after["server"], signal.SIGKILL)
    wait_until(lambda: not (cluster_of(cache) / "state.json").exists())
    third = run()
    assert is_listening(third.port), "a new server on the files of the killed one"
    for one in (first, second, third):
        one.end()
    wait_until(lambda: not is_listening(third.port))

    # What a killed server leaves may name a process that is another one by now.
    data = cluster_of(cache) / "data"
    with subprocess.Popen(["sleep", "60"], **server_account().popen()) as other:
        lines = [str(other.pid), str(data), "1", str(third.port), "", "", "", "ready"]
        (data / "postmaster.pid").write_text("\n".join(lines))
        fourth = run()
        assert is_listening(fourth.port)
        other.kill()
    fourth.kill()
    wait_until(lambda: not is_listening(fourth.port))
