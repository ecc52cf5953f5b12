"""Unit tests do no network: opening, binding or connecting a socket or looking up a name fails one.

The methods of `socket.socket` are wrapped once for the session, and refuse while a unit test runs.
Modules that imported `socket` early have the same class, and the test fails even when the code
under test swallows the error; pytest-socket replaces the class for each test, and sees neither. An
audit hook would see both, but is called for every `id()` in the process. Teardown may use the
network: a worker's last test closes what integration tests have shared.
"""

import functools
import socket
from collections.abc import Callable
from typing import Any

import pytest

from .layers import layer_of_item
from .once import DATABASE_FIXTURES

SERVICE_FIXTURES = DATABASE_FIXTURES | {"worker_db_url", "redis_container", "worker_redis_url"}
"""Fixtures that start or reach a server. A unit test that asks for one is refused before they
begin, since pytest would hand their failure on to every later test.
"""

_METHODS = ("bind", "connect", "connect_ex", "sendmsg", "sendto")
_FUNCTIONS = ("getaddrinfo", "gethostbyaddr", "gethostbyname", "gethostbyname_ex", "getnameinfo")


class NetworkInUnitTestError(RuntimeError):
    """A unit test reached for the network."""


class _Guard:
    """Whether a unit test runs, and what it tried."""

    active = False
    error: NetworkInUnitTestError | None = None

    def refuse(self, what: str) -> None:
        __tracebackhide__ = True
        self.error = NetworkInUnitTestError(
            f"A unit test must not use the network ({what}):"
            " pass a fake in, or move the test to integration/."
        )
        raise self.error

    def wrap(self, patch: pytest.MonkeyPatch, owner: Any, name: str) -> None:
        original: Callable[..., Any] = getattr(owner, name)

        @functools.wraps(original)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            if self.active:
                target = next((str(arg) for arg in args if isinstance(arg, str | tuple)), "")
                self.refuse(f"{name} {target}".rstrip())
            return original(*args, **kwargs)

        patch.setattr(owner, name, guarded)

    def wrap_creation(self, patch: pytest.MonkeyPatch) -> None:
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
            if self.active and fileno is None and family != getattr(socket, "AF_UNIX", None):
                self.refuse("socket")
            original(made, family, type, proto, fileno)

        patch.setattr(socket.socket, "__init__", guarded)


_guard = _Guard()
_patch = pytest.MonkeyPatch()


def pytest_configure() -> None:
    """Wrap what reaches the network."""
    _guard.wrap_creation(_patch)
    for name in _METHODS:
        if hasattr(socket.socket, name):  # Windows has no sendmsg
            _guard.wrap(_patch, socket.socket, name)
    for name in _FUNCTIONS:
        _guard.wrap(_patch, socket, name)


def pytest_unconfigure() -> None:
    """Leave the process as it was."""
    _patch.undo()


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
    _guard.error = None
    _guard.active = True


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
