"""An ASGI application in a process of its own, on a real socket, served by uvicorn.

The process ends with the one that has started it, however that ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .cpu_wait import scaled

START_SECONDS = 20.0
STOP_SECONDS = 5.0


@dataclass(frozen=True)
class LiveServer:
    """A running server; `url` is `http://127.0.0.1:<port>`."""

    url: str
    log_file: Path
    process: subprocess.Popen[bytes]

    @property
    def websocket_url(self) -> str:
        """The same address for WebSocket clients."""
        return self.url.replace("http://", "ws://", 1)

    @property
    def log(self) -> str:
        """What the server has printed so far."""
        return self.log_file.read_text(encoding="utf-8", errors="replace")

    async def logged(self, text: str, *, within: float = 2.0) -> bool:
        """Wait for `text` in the log, which may come after the answer; tell whether it came."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within):
                while text not in self.log:
                    await asyncio.sleep(0.01)
        return text in self.log


@contextmanager
def run_live_server(
    factory: str, log_file: Path, env: Mapping[str, str], *, ready_path: str = "/"
) -> Iterator[LiveServer]:
    """Serve an application until the end of the block.

    Args:
        factory: The function that makes it, for example `backend.main:create_app`.
        log_file: Where its output goes.
        env: Variables for the process, besides those of this one.
        ready_path: What it answers when it has started.

    Raises:
        RuntimeError: It did not start; the message has its output.
    """
    listener = socket.create_server(("127.0.0.1", 0))  # requests wait here until the server is up
    fd = listener.fileno()
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(fd), factory],
            stdin=subprocess.PIPE,  # its end of file tells the server that this process is gone
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, **env},
            pass_fds=[fd],
        )
    server = LiveServer(f"http://127.0.0.1:{listener.getsockname()[1]}", log_file, process)
    listener.close()
    try:
        _wait_for_answer(server, ready_path)
        yield server
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for_answer(server: LiveServer, path: str) -> None:
    limit = scaled(START_SECONDS)  # longer on a busy machine
    try:
        # The socket listens already: the answer comes when the server has started, an error
        # when it has ended.
        urllib.request.urlopen(server.url + path, timeout=limit).close()  # noqa: S310 - ours
    except OSError as error:
        sentence = f"the live server did not start within {limit:g} s ({error})"
        raise RuntimeError(f"{sentence}:\n{server.log}") from error


def _serve(fd: int, factory: str) -> None:
    import uvicorn

    def stop_with_parent() -> None:
        sys.stdin.buffer.read()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=stop_with_parent, daemon=True).start()
    config = uvicorn.Config(factory, factory=True, log_config=None)
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=fd)])


if __name__ == "__main__":
    _serve(int(sys.argv[1]), sys.argv[2])
