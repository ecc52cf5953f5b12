"""Unit tests do no network: to open, bind or connect a socket, or to look up a name, fails the
test.

An audit hook also sees C code and modules that imported `socket` early, which replacing
`socket.socket` (pytest-socket) does not; and the test fails even when the code under test swallows
the error. It costs a test about a microsecond. The event loop's own pair of connected sockets is
allowed. So is everything during teardown, where a worker's last test may close what integration
tests have shared.
"""

import socket
import sys
from typing import Any

import pytest

from .layers import layer_of_item

SERVICE_FIXTURES = frozenset(
    {"postgres_container", "worker_db_url", "redis_container", "worker_redis_url"}
)
"""Fixtures that start or reach a server. A unit test that asks for one is refused before they
begin, since pytest would hand their failure on to every later test."""

_BLOCKED = frozenset(
    f"socket.{name}"
    for name in (
        "__new__",
        "bind",
        "connect",
        "getaddrinfo",
        "gethostbyaddr",
        "gethostbyname",
        "getnameinfo",
        "sendmsg",
        "sendto",
    )
)


class NetworkInUnitTestError(RuntimeError):
    """A unit test reached for the network."""


class _Guard:
    """One for the process: an audit hook cannot be removed, only told to look away."""

    def __init__(self) -> None:
        self.installed = False
        self.active = False
        self.error: NetworkInUnitTestError | None = None

    def activate(self) -> None:
        if not self.installed:
            sys.addaudithook(self.audit)
            self.installed = True
        self.error = None
        self.active = True

    def audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.active or event not in _BLOCKED:
            return
        if event == "socket.__new__" and _made_by_socketpair(arguments[1]):
            return
        __tracebackhide__ = True
        self.error = NetworkInUnitTestError(
            f"A unit test must not use the network ({event}{_target(arguments)}):"
            " pass a fake in, or move the test to integration/."
        )
        raise self.error


def _made_by_socketpair(family: int) -> bool:
    if family == getattr(socket, "AF_UNIX", None):
        return True  # connecting it is an event of its own
    frame = sys._getframe(2)  # Windows builds the event loop's pair from two ordinary sockets
    names = []
    while frame.f_back is not None:
        names.append((frame.f_globals.get("__name__"), frame.f_code.co_name))
        frame = frame.f_back
    return any(name == "socket" and "socketpair" in function for name, function in names)


def _target(arguments: tuple[Any, ...]) -> str:
    readable = [str(part) for part in arguments if isinstance(part, str | tuple)]
    return f" {readable[0]}" if readable else ""


_guard = _Guard()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Close the network for a unit test."""
    layer = layer_of_item(item)
    if layer is None or layer.name != "unit":
        return
    asked = SERVICE_FIXTURES.intersection(getattr(item, "fixturenames", ()))
    if asked:
        pytest.fail(
            f"A unit test must not need a server, but this one asks for {', '.join(sorted(asked))}:"
            " move it to integration/.",
            pytrace=False,
        )
    _guard.activate()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown() -> None:
    """Open the network again."""
    _guard.active = False


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport(call: pytest.CallInfo[None]) -> None:
    """Fail a test that swallowed the refusal."""
    error, _guard.error = _guard.error, None
    if error is not None and call.excinfo is None:
        call.excinfo = pytest.ExceptionInfo.from_exception(error)
