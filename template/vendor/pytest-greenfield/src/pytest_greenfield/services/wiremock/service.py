"""WireMock as the harness sees it.

It starts when a test asks for it: a Java takes a second, and most runs, and most workers, need
none. So a machine without it fails no run; the tests that ask for it are skipped, or fail in CI.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

from pytest_greenfield.errors import ServiceUnavailableError, UnsafeDatabaseError
from pytest_greenfield.services.child import Child
from pytest_greenfield.services.docker import Container, daemon_host
from pytest_greenfield.services.ports import ReservedPort
from pytest_greenfield.services.postgres.guard import check_host
from pytest_greenfield.services.service import Plan, Service, gone, in_ci, one_line
from pytest_greenfield.services.wiremock import server
from pytest_greenfield.services.wiremock.client import WireMock

_READY_SECONDS = 50.0
_LEFT_SECONDS = 6 * 3600
"""The mappings of a run that was killed are removed by a later one; none takes that long."""


class WireMockService(Service):
    """A process (or container) of each worker's own; on a given server, a path."""

    name: ClassVar[str] = "wiremock"
    product = "WireMock"
    variable: ClassVar[str] = "TEST_WIREMOCK_URL"
    example: ClassVar[str] = "http://127.0.0.1:8080"
    optional: ClassVar[bool] = True

    def __init__(self, plan: Plan, worker: str) -> None:
        super().__init__(plan, worker)
        self._given = plan.source == "given"
        self._port = ReservedPort() if plan.source in ("embedded", "docker") else None
        self.client = WireMock(self._place(), self.own if self._given else "")
        self._process: Child | Container | None = None
        self._used = False
        self._touched = False

    @classmethod
    def check_given(cls, plan: Plan, environ: Mapping[str, str]) -> None:
        """Refuse what is no test server."""
        try:
            at = urlsplit(plan.url)
            known = at.scheme in ("http", "https") and at.hostname and (at.port or 1)
        except ValueError:
            known = None
        if not known:
            raise UnsafeDatabaseError(
                f"TEST_WIREMOCK_URL is no URL: `export TEST_WIREMOCK_URL={cls.example}`"
            )
        check_host("TEST_WIREMOCK_URL", {at.hostname or ""}, [], environ)

    @classmethod
    def check_embedded(cls) -> None:
        """Look for Java and the jar."""
        server.find_java()
        server.find_jar()

    def values(self) -> dict[str, str]:
        """Return the address below which all of the worker's mappings lie."""
        return {"url": self.client.url}

    def _place(self) -> str:
        if self._given:
            return self.plan.url
        if self._port is None:
            return "http://no-server.invalid"
        host = daemon_host() if self.plan.source == "docker" else "127.0.0.1"
        return f"http://{host}:{self._port.number}"

    def start(self) -> None:
        """Start nothing: see `use`."""

    def stop(self) -> None:
        """Give up the port."""
        if self._port is not None:
            self._port.release()

    def open(self) -> None:
        """Start it without mappings of files."""
        self.use([])

    # --- In use -----------------------------------------------------------------------------------

    @property
    def may_be_missing(self) -> bool:
        """Say whether tests are skipped, rather than failed, where it cannot be had."""
        return not self._given and not in_ci()

    def use(self, mappings: Iterable[Path]) -> None:
        """Start it, with the mappings of these files. Raises ServiceUnavailableError."""
        try:
            if not self.plan.source:
                raise ServiceUnavailableError(self.plan.reason)
            if not self._given:
                self._launch()
            self._connect(mappings)
        except (ServiceUnavailableError, OSError, ValueError) as error:
            self.close()
            reason = str(error)
            if not isinstance(error, ServiceUnavailableError):
                reason = self._unusable(error)
            if self.may_be_missing:
                self.notes.append(f"tests that use WireMock were not run: {reason}")
            raise ServiceUnavailableError(reason) from None

    def _unusable(self, error: Exception) -> str:
        return f"{self.client.url} is no WireMock 3 for the tests ({one_line(error)})"

    def _launch(self) -> None:
        assert self._port is not None
        launch = server.launch if self.plan.source == "embedded" else server.launch_container
        self._process = launch(self._port)
        deadline = time.monotonic() + _READY_SECONDS
        while not self._answers():
            if not self._process.alive or time.monotonic() > deadline:
                said = self._process.said() if isinstance(self._process, Child) else "no answer"
                raise ServiceUnavailableError(
                    f"the tests' WireMock did not start ({said}): run them again, or name a server"
                    f" by `export {self.variable}={self.example}`"
                )
            time.sleep(0.02)

    def _connect(self, mappings: Iterable[Path]) -> None:
        version = self.client.call("GET", "/health")["version"]
        self.drop_orphans()
        for file in mappings:
            self._load(file)
        self._baseline = self.client.mappings()
        self.version = ".".join(str(version).split(".")[:2])
        self._used = True

    def _load(self, file: Path) -> None:
        try:
            held = json.loads(file.read_text("utf-8"))
            for mapping in held.get("mappings", [held]):
                self.client.stub(mapping)
        except ValueError as error:
            raise ServiceUnavailableError(
                f"{file} holds no mappings of WireMock ({one_line(error)}): correct it"
            ) from None

    def drop_orphans(self) -> list[str]:
        """Remove mappings of runs that were killed hours ago; return whose they were."""
        if not self._given:
            return []
        dropped, now = set(), time.time()
        try:
            mappings = self.client.call("GET", "/mappings")["mappings"]
        except (OSError, ValueError) as error:
            raise ServiceUnavailableError(self._unusable(error)) from None
        for mapping in mappings:
            made = mapping.get("metadata", {}).get("greenfield_time", now)
            if now - made > _LEFT_SECONDS:
                dropped.add(WireMock.owner(mapping))
                with contextlib.suppress(ValueError):  # another worker was first
                    self.client.call("DELETE", f"/mappings/{mapping['id']}")
        return sorted(dropped)

    def begin(self) -> WireMock:
        """Return the client of a test, and forget what others sent that did not ask for it."""
        self.client.forget_requests()
        self._touched = True
        return self.client

    def complaint(self) -> str | None:
        """Return a sentence about the test's requests for which there was no mapping."""
        unmatched = self.client.unmatched()
        if not unmatched:
            return None
        first = f"{unmatched[0]['method']} {unmatched[0]['url']} {unmatched[0]['body'][:200]}"
        more = f" and {len(unmatched) - 1} more" if len(unmatched) > 1 else ""
        return (
            f"WireMock has no mapping for {first.rstrip()}{more}: add one to a file"
            " in a folder `wiremock`, or by `wiremock.stub({…})` in the test."
        )

    def _answers(self) -> bool:
        try:
            self.client.call("GET", "/health")
        except (OSError, ValueError):
            return False
        return True

    def failure_reason(self) -> str | None:
        """Ask the server, where a test has used it."""
        return gone(self) if self._used and not self._answers() else None

    def close(self) -> None:
        """Stop the worker's server, or remove its mappings."""
        if self._used and self._given and self._answers():
            self._baseline.clear()
            self._touched = True
            self.restore()
        self._used = False
        if self._process is not None:
            self._process.stop()
            self._process = None

    # --- Isolation --------------------------------------------------------------------------------

    def snapshot(self) -> dict[Any, Any]:
        """Return the mappings, before or after a fixture of a wider scope."""
        return dict(self.client.mappings()) if self._used else {}

    def leave(self, adopted: dict[Any, Any]) -> None:
        """Give up a fixture's mappings."""
        super().leave(adopted)
        self._touched = True

    def restore(self) -> None:
        """After a test that asked for it: the mappings of the baseline, no requests, no states."""
        if not (self._used and self._touched):
            return
        self._touched = False
        now = self.snapshot()
        for name in now.keys() - self._baseline.keys():
            self.client.call("DELETE", f"/mappings/{name}")
        for name, mapping in self._baseline.items():
            if name not in now:
                self.client.call("POST", "/mappings", mapping)
            elif now[name] != mapping:
                self.client.call("PUT", f"/mappings/{name}", mapping)
        self.client.forget_requests()

    def probe(self) -> Callable[[], bool]:
        """Add a mapping."""
        self.begin().stub({"request": {"urlPath": "/checked"}, "response": {"status": 204}})
        return lambda: bool(self.client.mappings())
