"""The application as its users meet it: a process of its own, real sockets, real commits."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import urllib.request
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import httpx2

    from backend.core.database import Database
    from backend.tests.plugins.committed import CommittedDatabase

START_SECONDS = 20.0
STOP_SECONDS = 5.0


@dataclass(frozen=True)
class LiveServer:
    """A running server: `url` is `http://127.0.0.1:<port>`, `log` is what it printed so far."""

    url: str
    log_file: Path
    process: subprocess.Popen[bytes]

    @property
    def websocket_url(self) -> str:
        """The same address for WebSocket clients."""
        return self.url.replace("http://", "ws://", 1)

    @property
    def log(self) -> str:
        """What the server printed so far."""
        return self.log_file.read_text(encoding="utf-8", errors="replace")

    async def logged(self, text: str, *, within: float = 2.0) -> bool:
        """Whether `text` is in the log within so many seconds: lines follow their answers."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within):
                while text not in self.log:  # noqa: ASYNC110 - another process writes the file
                    await asyncio.sleep(0.01)
        return text in self.log


@pytest.fixture(scope="session")
def live_server_env() -> Mapping[str, str]:
    """More environment variables for the server; a conftest may override this fixture."""
    return {}


@pytest.fixture(scope="session")
def live_server(
    committed_database: CommittedDatabase,
    live_server_env: Mapping[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[LiveServer]:
    """One server process per worker, on its committed database and a free port of loopback."""
    log_file = tmp_path_factory.mktemp("live") / "server.log"
    with running_server(committed_database.url, log_file, live_server_env) as server:
        yield server


@contextmanager
def running_server(
    database_url: str, log_file: Path, env: Mapping[str, str] | None = None
) -> Iterator[LiveServer]:
    """Start a server process; it is stopped at the block's end.

    Raises `RuntimeError`, with what the process printed, when it does not start.
    """
    listener = socket.create_server(("127.0.0.1", 0))  # requests wait here until the server is up
    environment = {
        **os.environ,
        "ENVIRONMENT": "test",
        "DATABASE_URL": database_url,
        "LOG_FORMAT": "json",
        **(env or {}),
    }
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "backend.tests.plugins.live_process", str(listener.fileno())],
            stdin=subprocess.PIPE,  # its end of file tells the server that this process is gone
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment,
            pass_fds=[listener.fileno()],
        )
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    listener.close()
    server = LiveServer(url, log_file, process)
    try:
        _wait_until_it_answers(server)
        yield server
    finally:
        _stop(process)


def _wait_until_it_answers(server: LiveServer) -> None:
    try:
        url = f"{server.url}/health/live"
        with urllib.request.urlopen(url, timeout=START_SECONDS):  # noqa: S310 - http, ours
            pass
    except OSError as error:
        raise RuntimeError(f"the live server did not start ({error}):\n{server.log}") from error


def _stop(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    process.stdin.close()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@pytest.fixture
async def live_client(
    live_server: LiveServer, committed_db: Database
) -> AsyncIterator[httpx2.AsyncClient]:
    """A client on the running server; what a test commits is emptied afterwards."""
    import httpx2

    async with httpx2.AsyncClient(base_url=live_server.url, timeout=START_SECONDS) as client:
        yield client
