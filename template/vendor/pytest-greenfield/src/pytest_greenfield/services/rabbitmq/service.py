"""RabbitMQ as the harness sees it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar
from urllib.parse import unquote, urlsplit

from pytest_greenfield.errors import ServiceUnavailableError, UnsafeDatabaseError
from pytest_greenfield.services import child
from pytest_greenfield.services.docker import Container, daemon_host
from pytest_greenfield.services.ports import ReservedPort
from pytest_greenfield.services.postgres.guard import check_host
from pytest_greenfield.services.rabbitmq import server
from pytest_greenfield.services.rabbitmq.management import Management
from pytest_greenfield.services.service import Plan, Service, gone, one_line

_READY_SECONDS = 120.0


class RabbitMQ(Service):
    """A server for the run; each worker has a vhost, and a user who sees nothing else.

    It takes seconds to start and is not everywhere: only tests that ask for the fixture wait for
    it, and they are skipped where it cannot be had.
    """

    name: ClassVar[str] = "amqp"
    product = "RabbitMQ"
    variable: ClassVar[str] = "TEST_AMQP_URL"
    example: ClassVar[str] = "amqp://guest:guest@127.0.0.1:5672"
    optional: ClassVar[bool] = True

    def __init__(self, plan: Plan, worker: str) -> None:
        super().__init__(plan, worker)
        self._given = plan.source == "given"
        self._ports: list[ReservedPort] = []
        if plan.source in ("embedded", "docker") and not plan.port:
            self._ports = [ReservedPort() for _ in range(4)]
            plan.port, plan.management_port = (port.number for port in self._ports[:2])
        self.vhost = child.name_of(plan.run, worker)
        self._process: child.Child | Container | None = None

    @classmethod
    def check_given(cls, plan: Plan, environ: Mapping[str, str]) -> None:
        """Refuse what is no test server."""
        plan.management_url = environ.get("TEST_AMQP_MANAGEMENT_URL", "").strip()
        try:
            at = urlsplit(plan.url)
            known = at.scheme in ("amqp", "amqps") and at.username and at.hostname
        except ValueError:
            known = None
        if not known:
            raise UnsafeDatabaseError(
                "TEST_AMQP_URL is no URL of a RabbitMQ with a user:"
                f" `export TEST_AMQP_URL={cls.example}`"
            )
        check_host("TEST_AMQP_URL", {at.hostname or ""}, [at.username or ""], environ)

    @classmethod
    def check_embedded(cls) -> None:
        """Look for the program."""
        server.program()

    def values(self) -> dict[str, str]:
        """Return the address with the worker's user and vhost."""
        at = urlsplit(self.plan.url or f"amqp://{self._host()}:{self.plan.port}")
        place = at.netloc.rpartition("@")[2]
        return {"url": f"{at.scheme}://{self.vhost}:{self.plan.secret}@{place}/{self.vhost}"}

    @property
    def url(self) -> str:
        """Return the address with which the application connects."""
        return self.values()["url"]

    def _host(self) -> str:
        if not self.plan.source:
            return "no-server.invalid"
        return daemon_host() if self.plan.source == "docker" else "127.0.0.1"

    @property
    def _management(self) -> Management:
        if not self._given:
            url = f"http://{self._host()}:{self.plan.management_port}"
            return Management(url, server.USER, self.plan.secret)
        at = urlsplit(self.plan.url)
        url = self.plan.management_url or f"http://{at.hostname}:15672"
        return Management(url, unquote(at.username or ""), unquote(at.password or "guest"))

    # --- Found or started -------------------------------------------------------------------------

    def start(self) -> None:
        """Start the run's server without waiting for it, or clean the given one."""
        super().start()
        if self._process is not None:
            return
        if self._given:
            self._process = child.Child(self.plan.run)  # says that the run is alive
            self.drop_orphans()
        elif self.plan.source == "docker":
            self._process = server.launch_container(self._ports, self.plan.secret)
        else:
            self._process = server.launch(self._ports, self.plan.secret)

    def _unusable(self, error: OSError) -> ServiceUnavailableError:
        return ServiceUnavailableError(
            f"TEST_AMQP_URL cannot be used ({one_line(error)}): the tests need its management API,"
            " `rabbitmq-plugins enable rabbitmq_management`, at port 15672 or where"
            " `export TEST_AMQP_MANAGEMENT_URL=…` says, and a user who is an administrator"
        )

    def drop_orphans(self) -> list[str]:
        """Remove from the given server what ended runs have left; return the vhosts' names."""
        dropped = []
        try:
            for vhost in self._management.call("GET", "vhosts"):
                with contextlib.suppress(ValueError):
                    made = datetime.fromisoformat(vhost.get("description") or "2000-01-01T00:00Z")
                    if child.is_left(vhost["name"], made):
                        self._remove(vhost["name"])
                        dropped.append(vhost["name"])
        except OSError as error:
            raise self._unusable(error) from None
        return dropped

    def _remove(self, vhost: str) -> None:
        self._management.delete("vhosts", vhost)
        self._management.delete("users", vhost)

    def open(self) -> None:
        """Wait for the server, and make the worker's vhost and user."""
        if not self.plan.source:
            raise ServiceUnavailableError(self.plan.reason)
        deadline = time.monotonic() + _READY_SECONDS
        while not self._answers() and not self._given:
            alive = self._process is None or self._process.alive
            if not alive or time.monotonic() > deadline:
                said = self._process.said() if isinstance(self._process, child.Child) else ""
                raise ServiceUnavailableError(
                    f"the tests' RabbitMQ did not start ({said}): run them again, or name a server"
                    f" by `export TEST_AMQP_URL={self.example}`"
                )
            time.sleep(0.1)
        management, vhost = self._management, self.vhost
        try:
            self.version = str(management.call("GET", "overview")["rabbitmq_version"])
            made = {"description": datetime.now(UTC).isoformat()}
            management.call("PUT", "vhosts", vhost, content=made)
            user = {"password": self.plan.secret, "tags": ""}
            management.call("PUT", "users", vhost, content=user)
            rights = dict.fromkeys(("configure", "write", "read"), ".*")
            management.call("PUT", "permissions", vhost, vhost, content=rights)
        except OSError as error:
            raise self._unusable(error) from None

    def _answers(self) -> bool:
        try:
            # It answers before all of it is ready.
            found = self._management.call("GET", "health", "checks", "port-listener", self._port)
        except OSError:
            return False
        return bool(found)

    @property
    def _port(self) -> str:
        # A container's own is the usual one.
        return str(self.plan.port if self.plan.source == "embedded" else 5672)

    def failure_reason(self) -> str | None:
        """Ask the server."""
        try:
            self._management.call("GET", "vhosts", self.vhost)
        except OSError:
            return gone(self)
        return None

    def close(self) -> None:
        """Remove vhost and user from a given server; ours ends with the run."""
        if self._given:
            with contextlib.suppress(OSError):
                self._remove(self.vhost)

    def stop(self) -> None:
        """End the run's server."""
        if self._process is not None:
            self._process.stop()
            self._process = None
        for port in self._ports:
            port.release()

    # --- Isolation --------------------------------------------------------------------------------

    def snapshot(self) -> dict[Any, Any]:
        """Return queues, exchanges and bindings."""
        found: dict[Any, Any] = {}
        for kind, names in (
            ("queues", ("durable", "auto_delete", "arguments")),
            ("exchanges", ("type", "durable", "auto_delete", "internal", "arguments")),
        ):
            for item in self._management.call("GET", kind, self.vhost):
                named = item["name"] and not item["name"].startswith("amq.")
                if named and not item.get("exclusive"):
                    found[kind, item["name"]] = {name: item[name] for name in names}
        for item in self._management.call("GET", "bindings", self.vhost):
            if item["source"]:
                kind = item["destination_type"][0]
                ends = (item["source"], kind, item["destination"])
                key = ("bindings", *ends, item["properties_key"])
                found[key] = {name: item[name] for name in ("routing_key", "arguments")}
        return found

    def restore(self) -> None:
        """Delete what the test has declared, empty what is left, and declare what it deleted."""
        management, vhost, now = self._management, self.vhost, self.snapshot()
        for key in now:
            kind, name = key[:2]
            if kind == "bindings" and key not in self._baseline:
                management.delete(kind, vhost, "e", name, *key[2:])
            elif kind != "bindings" and now[key] != self._baseline.get(key):
                management.delete(kind, vhost, name)
            elif kind == "queues":
                management.delete(kind, vhost, name, "contents")
        for key, value in self._baseline.items():
            if now.get(key) != value:
                if key[0] == "bindings":
                    path = (key[0], vhost, "e", *key[1:4])
                    management.call("POST", *path, content=value)
                else:
                    management.call("PUT", key[0], vhost, key[1], content=value)

    def probe(self) -> Callable[[], bool]:
        """Declare a queue."""
        self._management.call("PUT", "queues", self.vhost, "checked", content={})
        return lambda: ("queues", "checked") in self.snapshot()
