"""Redis as the harness sees it."""

from __future__ import annotations

import contextlib
import importlib.util
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar
from urllib.parse import SplitResult, urlsplit

from pytest_greenfield.errors import ServiceUnavailableError
from pytest_greenfield.services.child import Child
from pytest_greenfield.services.docker import Container, daemon_host
from pytest_greenfield.services.ports import ReservedPort
from pytest_greenfield.services.redis import keys, server, shared
from pytest_greenfield.services.redis.clients import Clients
from pytest_greenfield.services.redis.state import INFO, Noted, ServerState
from pytest_greenfield.services.service import Plan, Service, gone, one_line

_READY_SECONDS = 60.0


class Redis(Service):
    """A process (or container) of each worker's own; on a given server, a user with a prefix.

    The application is bound to its prefix where it knows it: `{redis.prefix}` is used.
    """

    name: ClassVar[str] = "redis"
    product = "Valkey"
    variable: ClassVar[str] = "TEST_REDIS_URL"
    example: ClassVar[str] = "redis://127.0.0.1:6379/0"

    def __init__(self, plan: Plan, worker: str) -> None:
        super().__init__(plan, worker)
        self.prefix = f"{self.own}:"
        self._given = plan.source == "given"
        self._bound = self._given or "redis.prefix" in plan.placeholders
        self._port = None if self._given or not plan.source else ReservedPort(str(plan.port or ""))
        self._clients = Clients(self._place(), plan.run)
        self._process: Child | Container | None = None
        self._state: ServerState | None = None
        self._noted: Noted | None = None
        """None where the keys are not those of the baseline."""

    @classmethod
    def check_given(cls, plan: Plan, environ: Mapping[str, str]) -> None:
        """Refuse what is no test server, and an application that disturbs others there."""
        _check_client()
        shared.check(plan, environ)

    @classmethod
    def check_embedded(cls) -> None:
        """Look for the client and the program."""
        _check_client()
        server.binary()

    def values(self) -> dict[str, str]:
        """Return the address, with the worker's user, and the prefix."""
        at, name = self._place(), self.own if self._bound else "default"
        query = f"?{at.query}" if at.query else ""
        place = at.netloc.rpartition("@")[2]
        url = f"{at.scheme}://{name}:{self.plan.secret}@{place}{at.path or '/0'}{query}"
        return {"url": url, "prefix": self.prefix}

    @property
    def url(self) -> str:
        """Return the address with which the application connects."""
        return self.values()["url"]

    def _place(self) -> SplitResult:
        if self._given:
            return urlsplit(self.plan.url)
        if self._port is None:
            return urlsplit("redis://no-server.invalid:6379/0")
        host = daemon_host() if self.plan.source == "docker" else "127.0.0.1"
        return urlsplit(f"redis://:{self.plan.secret}@{host}:{self._port.number}/0")

    # --- Found or started -------------------------------------------------------------------------

    def start(self) -> None:
        """On a given server, remove what killed runs have left; its connection stays."""
        super().start()
        if self._given:
            with self._explained("cannot be used"):
                self._read_version()
                self.drop_orphans()

    def drop_orphans(self) -> list[str]:
        """Remove from the given server what ended runs have left; return their users' names."""
        return shared.drop_orphans(self._clients)

    def open(self) -> None:
        """Start the worker's server, or make its user."""
        if self._given:
            with self._explained("does not let the tests make their user"):
                self._read_version()
                self._prepare()
        else:
            self._launch()

    @contextlib.contextmanager
    def _explained(self, what: str) -> Iterator[None]:
        import redis

        try:
            yield
        except redis.RedisError as error:
            self._clients.close()
            raise ServiceUnavailableError(
                f"TEST_REDIS_URL {what} ({one_line(error)}): it needs to be a Redis 7 or newer, or"
                " a Valkey, and a user that may do everything; or `unset TEST_REDIS_URL` to use"
                " the embedded server"
            ) from None

    def _launch(self) -> None:
        assert self._port is not None
        launch = server.launch if self.plan.source == "embedded" else server.launch_container
        self._process = launch(self._port, self.plan.secret)
        deadline = time.monotonic() + _READY_SECONDS
        while not self._clients.answer():
            if not self._process.alive or time.monotonic() > deadline:
                said = self._process.said() if isinstance(self._process, Child) else "no answer"
                self.close()
                raise ServiceUnavailableError(
                    f"the tests' Redis did not start ({said}): run them again, or name a server by"
                    f" `export TEST_REDIS_URL={self.example}`"
                )
            time.sleep(0.003)
        self._read_version()
        self._prepare()

    def _read_version(self) -> None:
        info = self._clients.call("INFO", "server")
        self.product = "Valkey" if "valkey_version" in info else "Redis"
        whole = str(info.get("valkey_version", info["redis_version"]))
        self.version = ".".join(whole.split(".")[:2])

    def _prepare(self) -> None:
        if self._bound:
            shared.create_user(self._clients, self.own, self.plan.secret)
        if not self._given:
            self._state = ServerState(self._clients)
        self._write_baseline()

    @contextlib.contextmanager
    def down(self) -> Iterator[None]:
        """Let a test see what happens without Redis: it is there again afterwards, and empty.

        Raises ServiceUnavailableError where it is a given server, which is not ours to stop.
        """
        if self._process is None:
            raise ServiceUnavailableError("a given Redis cannot be stopped by the tests")
        self._stop_process()
        try:
            yield
        finally:
            self._launch()

    def failure_reason(self) -> str | None:
        """Ask the server, which may also have been restarted without our user."""
        if not self._clients.answer():
            return gone(self)
        if self._bound and self._clients.call("ACL", "GETUSER", self.own) is None:
            return f"{self.summary} was restarted during the run: run the tests again"
        return None

    def close(self) -> None:
        """Stop the worker's server, or remove its user and keys."""
        import redis

        if self._given:
            with contextlib.suppress(redis.RedisError):
                self._baseline.clear()
                self._write_baseline()
                self._clients.call("ACL", "DELUSER", self.own)
        self._stop_process()

    def stop(self) -> None:
        """Disconnect; the given server notices the end of the run by that."""
        self._clients.close()
        if self._port is not None:
            self._port.release()

    def _stop_process(self) -> None:
        self._clients.close()
        if self._process is not None:
            self._process.stop()
            self._process = None

    # --- Isolation --------------------------------------------------------------------------------

    def snapshot(self) -> dict[Any, Any]:
        """Return the keys."""
        return keys.read(self._clients, self.prefix if self._given else "")

    def adopt(self, before: dict[Any, Any]) -> dict[Any, Any]:
        """Take a fixture's keys; settings, users and functions that it sets stay for good."""
        if not self._given:
            self._state = ServerState(self._clients)
            self._noted = None
        return super().adopt(before)

    def leave(self, adopted: dict[Any, Any]) -> None:
        """Give up a fixture's keys."""
        super().leave(adopted)
        self._noted = None

    def restore(self) -> None:
        """Remove what the test has written. Nothing is to be done where it wrote nothing."""
        import redis

        if self._given:
            self._write_baseline()
            return
        try:
            now, before = Noted.of(self._clients.call(*INFO)), self._noted
            if before is None or now.server_changed(before):
                assert self._state is not None
                self._state.restore()
                self._write_baseline()
            elif now.writes != before.writes:
                self._write_baseline()
        except redis.TimeoutError:  # a test has paused it, or left a script without an end
            self._stop_process()
            self._launch()

    def _write_baseline(self) -> None:
        """Make the keys those of the baseline, in one transaction: nobody sees it half done."""
        empty = keys.removing(self._clients, self.prefix) if self._given else [("FLUSHALL",)]
        back = ("SELECT", self._clients.home)
        todo = [*empty, *keys.writing(self._baseline)]
        if todo:
            self._noted = Noted.of(self._clients.together(*todo, back, INFO)[-1])

    def probe(self) -> Callable[[], bool]:
        """Write a key."""
        from redis import Redis as Client

        client: Any = Client.from_url(self.url)
        client.set(f"{self.prefix}checked", 1)
        return lambda: bool(client.exists(f"{self.prefix}checked"))


def _check_client() -> None:
    if importlib.util.find_spec("redis") is None:
        raise ServiceUnavailableError(
            "the package redis is not installed: `uv add --dev 'pytest-greenfield[redis]'`"
        )
