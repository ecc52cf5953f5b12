"""Workers ask the controller for the server when they first need it; the controller acquires it
once.
"""

from __future__ import annotations

import json
import secrets
import socket
import threading
from contextlib import ExitStack, suppress
from dataclasses import asdict
from typing import Any

from backend.tests.plugins.postgres.errors import ServerUnavailableError
from backend.tests.plugins.postgres.server import Server, acquire
from backend.tests.plugins.postgres.urls import DatabaseUrl

_WAIT_SECONDS = 600.0  # a container's image may have to be pulled


class Holder:
    """Acquires the server at the first request, answers every later one alike, and lets go of it at
    `close`.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stack = ExitStack()
        self._server: Server | None = None
        self._failure: str | None = None

    def server(self) -> Server:
        """Return the server; raise ServerUnavailableError, always the first one's."""
        with self._lock:
            if self._failure is None and self._server is None:
                try:
                    self._server = self._stack.enter_context(acquire())
                except ServerUnavailableError as error:
                    self._failure = str(error)
                except Exception as error:  # a worker waits for an answer
                    self._failure = f"no PostgreSQL for the tests ({type(error).__name__}: {error})"
            if self._server is None:
                raise ServerUnavailableError(self._failure)
            return self._server

    @property
    def used(self) -> Server | None:
        """Return the server if anybody has asked for it."""
        return self._server

    def close(self) -> None:
        """Let go of the server."""
        self._stack.close()


class Broker:
    """Serves a Holder to the workers of this machine, on a port of the loopback interface, behind a
    token.
    """

    def __init__(self, holder: Holder) -> None:
        self._holder = holder
        self._token = secrets.token_hex(16)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address = {"port": self._socket.getsockname()[1], "token": self._token}
        """What a worker needs to know, in a form that xdist can send."""
        threading.Thread(target=self._accept, name="postgres-broker", daemon=True).start()

    def close(self) -> None:
        """Answer nobody any more."""
        self._socket.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rw", encoding="utf-8") as stream, suppress(OSError):
            if not secrets.compare_digest(stream.readline().strip(), self._token):
                return
            try:
                answer: dict[str, Any] = asdict(self._holder.server())
            except ServerUnavailableError as error:
                answer = {"error": str(error)}
            stream.write(json.dumps(answer) + "\n")
            stream.flush()


def ask(address: dict[str, Any]) -> Server:
    """Return the controller's server, in a worker; raise ServerUnavailableError."""
    with (
        socket.create_connection(
            ("127.0.0.1", address["port"]), timeout=_WAIT_SECONDS
        ) as connection,
        connection.makefile("rw", encoding="utf-8") as stream,
    ):
        stream.write(address["token"] + "\n")
        stream.flush()
        answer = json.loads(stream.readline())
    if "error" in answer:
        raise ServerUnavailableError(answer["error"])
    return Server(**{**answer, "url": DatabaseUrl(answer["url"])})
