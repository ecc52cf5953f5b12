"""The server's process: how it ends, and what it does while its database is away."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest
from pytest_greenfield.live_server import LiveServer, run_live_server

from backend.tests.e2e.template.tcp_proxy import TcpProxy, open_proxy

pytestmark = pytest.mark.slow  # each starts a server of its own, which it breaks

FACTORY = "backend.main:create_app"
START_A_SERVER = """
import sys
from pathlib import Path
from pytest_greenfield.live_server import run_live_server

env = {"DATABASE_URL": sys.argv[1], "ENVIRONMENT": "test"}
with run_live_server(sys.argv[3], Path(sys.argv[2]), env, ready_path="/health/live") as server:
    print(server.url, server.process.pid, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
async def proxy(worker_db_url: str) -> AsyncIterator[TcpProxy]:
    """Between a server and its database."""
    async with open_proxy(worker_db_url) as proxy:
        yield proxy


@asynccontextmanager
async def serving(database_url: str, log_file: Path) -> AsyncIterator[LiveServer]:
    """Run a server without blocking the loop, in which its proxy runs."""
    env = {"DATABASE_URL": database_url, "ENVIRONMENT": "test"}
    running = run_live_server(FACTORY, log_file, env, ready_path="/health/live")
    server = await asyncio.to_thread(running.__enter__)
    try:
        yield server
    finally:
        await asyncio.to_thread(running.__exit__, None, None, None)


async def test_while_the_database_is_away_the_server_says_so_and_recovers_by_itself(
    proxy: TcpProxy, tmp_path: Path
) -> None:
    async with (
        serving(proxy.url, tmp_path / "log") as server,
        httpx2.AsyncClient(base_url=server.url) as client,
    ):
        assert (await client.get("/health/ready")).status_code == 200

        await proxy.disconnect()
        answer = await client.get("/health/ready")
        assert answer.status_code == 503
        assert [error["loc"] for error in answer.json()["errors"]] == [["database"]]
        assert (await client.get("/health/live")).status_code == 200

        await proxy.listen()
        assert (await client.get("/health/ready")).status_code == 200


async def test_a_server_whose_starter_is_killed_finishes_what_it_is_asked_and_is_gone(
    proxy: TcpProxy, tmp_path: Path
) -> None:
    proxy.hold()
    starter = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", START_A_SERVER, proxy.url, str(tmp_path / "log"), FACTORY),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert starter.stdout is not None
    url, pid = (await starter.stdout.readline()).decode().split()
    async with httpx2.AsyncClient(base_url=url) as client:
        in_flight = asyncio.create_task(client.get("/health/ready"))
        await proxy.wait_for_traffic()

        starter.kill()
        await starter.wait()
        await _until(lambda: not _is_taking_connections(url), "refusing new connections")
        assert not in_flight.done()

        proxy.release()
        assert (await in_flight).status_code == 200
    await _until(lambda: not _is_running(int(pid)), "ending the process")


async def _until(reached: Callable[[], bool], operation: str) -> None:
    """Wait at most a second; another process has no event of ours to wait for."""
    for pause in [0.01] * 100:
        if reached():
            return
        await asyncio.sleep(pause)
    raise AssertionError(f"{operation} took more than a second")


def _is_taking_connections(url: str) -> bool:
    port = int(url.rpartition(":")[2])
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except ConnectionError:
        return False
    return True


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        status = Path("/proc", str(pid), "stat").read_text()
    except ProcessLookupError:
        return False
    except FileNotFoundError:
        return sys.platform != "linux"  # only Linux tells
    return ") Z" not in status  # ended, but a container without init buries nobody


def test_a_server_that_does_not_start_says_why(tmp_path: Path) -> None:
    running = run_live_server("backend.main:no_such_function", tmp_path / "log", {})
    with pytest.raises(RuntimeError, match="no_such_function"):
        running.__enter__()
