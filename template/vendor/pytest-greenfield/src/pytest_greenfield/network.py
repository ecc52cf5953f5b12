"""Tests of the offline level must not use the network: a test that tries to fails.

The methods of `socket.socket` are wrapped once for the session, and refuse while such a test runs.
Modules that imported `socket` early have the same class, and the test fails even when the code
under test swallows the error; pytest-socket replaces the class for each test, and sees neither. An
audit hook would see both, but is called for every `id()` in the process. Teardown may use the
network: a worker's last test closes what tests of other levels have shared.
"""

import functools
import socket
from collections.abc import Callable
from typing import Any

import pytest

from .settings import Settings

SERVER_FIXTURES = {
    *("postgres_container", "worker_db_url", "clone_database", "clean_tables", "integration_env"),
    *("redis_container", "worker_redis_url", "real_redis"),
    *("wiremock_container", "wiremock"),
    *("s3_storage", "worker_s3", "rabbitmq"),
}
"""Fixtures that start or reach a server. An offline test that asks for one is refused before they
begin, since pytest would hand their failure on to every later test.
"""

_METHODS = ("bind", "connect", "connect_ex", "sendmsg", "sendto")
_FUNCTIONS = ("getaddrinfo", "gethostbyaddr", "gethostbyname", "gethostbyname_ex", "getnameinfo")


class NetworkInOfflineTestError(RuntimeError):
    """A test of the offline level tried to use the network."""


class Network:
    """Whether a test may use the network, and what one that may not has tried."""

    def __init__(self, settings: Settings) -> None:
        offline, *others = settings.levels
        self._level = offline
        self._elsewhere = f"move the test to {others[0]}/" if others else "add a level for it"
        self._patch = pytest.MonkeyPatch()
        self._guards: list[tuple[Any, str, Callable[..., Any]]] = []
        self.blocked = False
        self._error: NetworkInOfflineTestError | None = None

    def install(self) -> None:
        """Wrap the functions that reach the network."""
        self._wrap_creation()
        for name in _METHODS:
            if hasattr(socket.socket, name):  # Windows has no sendmsg
                self._wrap(socket.socket, name)
        for name in _FUNCTIONS:
            self._wrap(socket, name)

    def uninstall(self) -> None:
        """Leave the process as it was."""
        self._patch.undo()

    def block(self, item: pytest.Item) -> None:
        """Close the network for a test of the offline level."""
        asked = SERVER_FIXTURES.intersection(getattr(item, "fixturenames", ()))
        if asked:
            names = ", ".join(sorted(asked))
            message = f"A test in {self._level}/ must not need a server, but this one asks for"
            pytest.fail(f"{message} {names}: {self._elsewhere}.", pytrace=False)
        for owner, name, guarded in self._guards:
            if getattr(owner, name) is not guarded:  # pytest-socket undoes what it did not do
                setattr(owner, name, guarded)
        self._error = None
        self.blocked = True

    def unblock(self) -> None:
        """Open the network again."""
        self.blocked = False

    def fail_swallowed(self, call: pytest.CallInfo[None]) -> None:
        """Fail a test that swallowed the refusal."""
        error, self._error = self._error, None
        if error is not None and call.excinfo is None:
            call.excinfo = pytest.ExceptionInfo.from_exception(error)

    def _refuse(self, what: str) -> None:
        __tracebackhide__ = True
        self._error = NetworkInOfflineTestError(
            f"A test in {self._level}/ must not use the network ({what}):"
            f" pass a fake in, or {self._elsewhere}."
        )
        raise self._error

    def _wrap(self, owner: Any, name: str) -> None:
        original: Callable[..., Any] = getattr(owner, name)

        @functools.wraps(original)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            if self.blocked:
                target = next((str(arg) for arg in args if isinstance(arg, str | tuple)), "")
                self._refuse(f"{name} {target}".rstrip())
            return original(*args, **kwargs)

        self._guard(owner, name, guarded)

    def _guard(self, owner: Any, name: str, guarded: Callable[..., Any]) -> None:
        self._patch.setattr(owner, name, guarded)
        self._guards.append((owner, name, guarded))

    def _wrap_creation(self) -> None:
        original: Callable[..., None] = socket.socket.__init__

        @functools.wraps(original)
        def guarded(
            made: socket.socket,
            family: int = -1,
            type: int = -1,  # noqa: A002 - the name that callers use
            proto: int = -1,
            fileno: int | None = None,
        ) -> None:
            __tracebackhide__ = True
            # An event loop's pair has file numbers, and a local socket does no harm unconnected.
            if self.blocked and fileno is None and family != getattr(socket, "AF_UNIX", None):
                self._refuse("socket")
            original(made, family, type, proto, fileno)

        self._guard(socket.socket, "__init__", guarded)
