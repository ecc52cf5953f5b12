"""The server belongs to one run, and nothing of it is left however the run ends."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from pytest_greenfield.errors import ServiceUnavailableError
from pytest_greenfield.services.postgres import binaries
from pytest_greenfield.services.postgres.embedded import Embedded
from pytest_greenfield.services.postgres.service import Postgres

from tests.harness.background import all_ended
from tests.harness.postgres.conftest import Start, database_url

RUN = """
import json, os, sys, time
from pathlib import Path
from pytest_greenfield.services.postgres.service import Postgres
postgres = Postgres.plan(root=Path(sys.argv[1]), settings_migrations="", environ=os.environ)
postgres.start(lambda address: {})
postgres.open_worker("master")
server = postgres._own._server
watcher = server._process.pid
print(json.dumps({"server": server.pid, "watcher": watcher, "data": str(server.data),
                  "notes": postgres.notes}), flush=True)
try:
    sys.stdin.read()
finally:
    postgres.stop()
"""
RunOf = Callable[[], tuple[subprocess.Popen[str], dict[str, object]]]


@pytest.fixture
def run(project: Path) -> Iterator[RunOf]:
    """Starts a process that holds a server until its standard input ends."""
    started: list[subprocess.Popen[str]] = []

    def run_one() -> tuple[subprocess.Popen[str], dict[str, object]]:
        process = subprocess.Popen(
            [sys.executable, "-c", RUN, str(project)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        assert process.stdout is not None
        return process, json.loads(process.stdout.readline())

    yield run_one
    for process in started:
        process.communicate("")


def ended(pid: object) -> bool:
    """Wait until a process has ended."""
    return all_ended([int(str(pid))])


def folders(cache: Path) -> set[str]:
    """Return what a cache holds beside locks and the password."""
    return {path.name for path in cache.iterdir() if path.is_dir()}


def test_a_second_start_uses_what_the_first_has_made(cache: Path, start: Start) -> None:
    start().stop()
    before = folders(cache)
    begun = time.monotonic()
    postgres = start()
    assert time.monotonic() - begun < 1  # no initdb, no template
    assert folders(cache) == before
    assert postgres.notes == []
    assert postgres.summary == f"PostgreSQL {postgres.version} embedded"
    assert postgres.superuser


def test_starting_twice_starts_once(start: Start) -> None:
    postgres = start()
    postgres.start(database_url)
    assert postgres.started
    postgres.stop()
    postgres.stop()


def test_two_runs_at_once_use_two_clusters(cache: Path, run: RunOf) -> None:
    _, first = run()
    _, second = run()
    assert first["data"] != second["data"]
    assert len(folders(cache)) == 2


@pytest.mark.parametrize("how", ["run", "watcher", "both", "server"])
def test_killed_processes_leave_nothing(how: str, cache: Path, run: RunOf) -> None:
    process, first = run()
    watcher, server = int(str(first["watcher"])), int(str(first["server"]))
    if how in ("watcher", "both"):
        os.kill(watcher, signal.SIGKILL)
    if how == "server":
        os.kill(server, signal.SIGKILL)
    if how in ("run", "both", "server"):
        process.kill()
    else:
        process.communicate("")
    process.wait()
    if how != "both":
        assert ended(server)
    _, second = run()
    assert ended(server)
    assert ended(watcher)
    assert second["data"] == first["data"]  # free at once, and kept after crash recovery
    assert second["notes"] == []
    assert len(folders(cache)) == 1
    assert {path.name for path in Path(str(second["data"])).parent.iterdir()} <= {
        "data", "server.log", "boot"
    }  # fmt: skip


def test_control_c_ends_the_run_before_the_server(cache: Path, run: RunOf) -> None:
    process, first = run()
    os.killpg(process.pid, signal.SIGINT)
    process.communicate()
    assert ended(first["server"])
    assert ended(first["watcher"])
    assert "Recovery" not in (Path(str(first["data"])).parent / "server.log").read_text("utf-8")


def test_databases_of_a_killed_run_go_with_the_next(cache: Path, run: RunOf, start: Start) -> None:
    process, _ = run()
    process.kill()
    process.wait()
    postgres = start()
    with postgres.connect(postgres.server) as connection:
        found = connection.execute("SELECT datname FROM pg_database").fetchall()
    assert not [name for (name,) in found if name.endswith("_master")]


def test_a_killed_server_is_the_reason_of_failures(cache: Path, start: Start) -> None:
    postgres = start()
    postgres.open_worker("master")
    assert postgres.failure_reason() is None
    own = postgres._own
    assert isinstance(own, Embedded)
    server = own._server
    assert server is not None
    os.kill(server.pid, signal.SIGKILL)
    assert ended(server.pid)
    assert "went away during the run" in str(postgres.failure_reason())
    postgres.stop()


def test_any_folder_can_be_the_cache(
    cache: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = cache / """a b'c"d$HOME`e\\f;(g)"""
    monkeypatch.setenv("TEST_CACHE_DIR", str(folder))
    postgres = start()
    postgres.open_worker("master")
    with postgres.connect(postgres.worker_address("master")) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.parametrize(
    "variables",
    [
        {"PGSSLMODE": "verify-full", "PGSSLROOTCERT": "/nowhere"},
        {"PGTARGETSESSIONATTRS": "read-only"},
        {"PGSERVICE": "unknown"},
        {"PGOPTIONS": "-c nonsense.is=1 -c default_transaction_read_only=on"},
        {"PGREQUIREAUTH": "none"},
        {"PGHOST": "db.example.com", "PGPORT": "1", "PGDATABASE": "x", "PGUSER": "y"},
        {"PGCLIENTENCODING": "nonsense"},
        {"HOME": "/proc/1/nowhere"},
    ],
)
def test_the_shells_variables_do_not_reach_the_own_server(
    variables: dict[str, str], start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    postgres = start()
    postgres.open_worker("master")
    with postgres.connect(postgres.worker_address("master")) as connection:
        connection.execute("CREATE TABLE a (b int)")


def test_a_full_disk_is_named(cache: Path, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    done = subprocess.CompletedProcess(
        [], 1, "", "initdb: error: could not write: No space left on device"
    )
    original = subprocess.run

    def run_initdb(command: list[str], **options: object) -> object:
        if str(command[0]).endswith("initdb"):
            return done
        return original(command, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "run", run_initdb)
    with pytest.raises(ServiceUnavailableError) as refused:
        start()
    assert "no space left" in str(refused.value)
    assert "TEST_CACHE_DIR" in str(refused.value)
    assert "uv sync" not in str(refused.value)
    assert not [path for path in cache.rglob("new-*") if path.parent.name.startswith("cluster")]


def test_no_binaries_are_named(
    project: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(binaries, "wheels", lambda: iter(()))
    monkeypatch.setattr(binaries, "installations", lambda: iter(()))
    with pytest.raises(ServiceUnavailableError, match="uv sync") as refused:
        start()
    assert "54329" in str(refused.value)


def test_an_unknown_kind_of_service_is_named(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_SERVICES", "podman")
    with pytest.raises(ServiceUnavailableError, match="TEST_SERVICES=podman is unknown"):
        start()


def test_a_workers_connection_survives_a_time_limit(start: Start) -> None:
    postgres = start()
    postgres.open_worker("master")

    def interrupt(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    try:
        with pytest.raises((TimeoutError, psycopg.Error)):
            postgres._connected().execute("SELECT pg_sleep(1)")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    postgres.drop(postgres.clone("after"))


def test_a_worker_uses_the_controllers_server(start: Start) -> None:
    controller = start()
    exported = json.loads(json.dumps(controller.export()))
    worker = Postgres.attach(exported)
    worker.open_worker("gw1")
    address = worker.worker_address("gw1")
    assert address == controller.worker_address("gw1")
    with worker.connect(address) as connection:
        assert connection.execute("SHOW synchronous_commit").fetchone() == ("off",)
        connection.execute("CREATE TABLE a (b int)")
    worker.replace_worker_database()
    with worker.connect(address) as connection:
        assert connection.execute("SELECT to_regclass('a')").fetchone() == (None,)
    worker.close_worker()
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        worker.connect(address)
    worker.stop()
    assert controller.failure_reason() is None
