"""A service as the harness sees it. PostgreSQL has the same members, and more: it restores by SQL.

A new one is a class that fills in what is abstract here, and a line in `used.py`.
"""

from __future__ import annotations

import os
import re
import secrets
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

from pytest_greenfield.errors import ServiceUnavailableError, UnsafeDatabaseError
from pytest_greenfield.services.docker import check_installed

PLACEHOLDER = re.compile(r"\{(\w+\.\w+)\}")
SOURCES = ("embedded", "docker")
"""The servers of our own, in the order in which they are tried."""


def sources(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return those that TEST_SERVICES allows; another value of it is an UnsafeDatabaseError."""
    wanted = environ.get("TEST_SERVICES", "").strip() or "auto"
    if wanted not in ("auto", *SOURCES):
        raise UnsafeDatabaseError(
            f"TEST_SERVICES={wanted} is unknown: `export TEST_SERVICES=auto`, `embedded`, `docker`"
        )
    return SOURCES if wanted == "auto" else (wanted,)


@dataclass
class Plan:
    """Where a service is or will be; the run decides it, and xdist's workers get it as JSON."""

    run: str
    """`test_<project>_<run>`, with which everything begins that is made on a server."""
    placeholders: list[str]
    """Those of the service in greenfield_environment."""
    source: str = ""
    """`given`, `embedded`, `docker`, or nothing where it cannot be had."""
    url: str = ""
    """The given one."""
    reason: str = ""
    """Why it cannot be had."""
    port: int = 0
    """Of a server that the run's workers share."""
    management_port: int = 0
    management_url: str = ""
    """Both of RabbitMQ."""
    secret: str = field(default_factory=lambda: secrets.token_hex(16))

    def export(self) -> dict[str, Any]:
        """Return a form that JSON can carry."""
        return asdict(self)


class Service(ABC):
    """A server that tests talk to, and what one worker has of its own on it."""

    name: ClassVar[str]
    """Of its placeholders: `{name.url}`."""
    product: str
    variable: ClassVar[str]
    """The environment variable that gives a server."""
    example: ClassVar[str]
    """A value for that."""
    optional: ClassVar[bool] = False
    """Whether only the tests that ask for its fixture need it: it is opened for the first."""

    def __init__(self, plan: Plan, worker: str) -> None:
        """Choose addresses, and start nothing."""
        self.plan = plan
        self.worker = worker
        self.own = f"{plan.run}_{worker}"
        """With this begins what belongs to this worker on a server that is shared."""
        self.version = ""
        self.notes: list[str] = []
        self.opened = False
        self._baseline: dict[Any, Any] = {}

    # --- Found or started: in the process to which the run belongs --------------------------------

    @classmethod
    def planned(cls, run: str, placeholders: list[str], environ: Mapping[str, str]) -> Plan:
        """Decide where the server is or will be. Raises ServiceUnavailableError."""
        plan = Plan(run, placeholders)
        if given := environ.get(cls.variable, "").strip():
            plan.source, plan.url = "given", given
            cls.check_given(plan, environ)
            return plan
        failures = []
        checks = {"embedded": cls.check_embedded, "docker": check_installed}
        for source in sources(environ):
            try:
                checks[source]()
                plan.source = source
                return plan
            except ServiceUnavailableError as error:
                failures.append(f"{source}: {error}")
        plan.reason = (
            f"no {cls.product} for the tests ({'; '.join(failures)}); or name a server by"
            f" `export {cls.variable}={cls.example}`"
        )
        return plan

    @classmethod
    @abstractmethod
    def check_given(cls, plan: Plan, environ: Mapping[str, str]) -> None:
        """Raise UnsafeDatabaseError unless the given server is for tests."""

    @classmethod
    @abstractmethod
    def check_embedded(cls) -> None:
        """Raise ServiceUnavailableError where this machine has no program for it."""

    def start(self) -> None:
        """Start what the run's workers share, and remove what killed runs have left."""
        if not self.plan.source:
            raise ServiceUnavailableError(self.plan.reason)

    @abstractmethod
    def stop(self) -> None:
        """Undo `start`, and give up the addresses; nothing happens the second time."""

    # --- A worker's own ---------------------------------------------------------------------------

    @abstractmethod
    def values(self) -> dict[str, str]:
        """Return what stands for the placeholders, before anything is started."""

    @abstractmethod
    def open(self) -> None:
        """Make what the worker has of its own. Raises ServiceUnavailableError."""

    @abstractmethod
    def close(self) -> None:
        """Remove it; nothing happens the second time."""

    @abstractmethod
    def failure_reason(self) -> str | None:
        """Return a sentence when the server has gone away, else None."""

    @abstractmethod
    def drop_orphans(self) -> list[str]:
        """Remove from a given server what ended runs have left; return its names."""

    @property
    def summary(self) -> str:
        """Return such as `Valkey 9.1 embedded`."""
        return " ".join(filter(None, (self.product, self.version, self.plan.source)))

    # --- Isolation --------------------------------------------------------------------------------

    @abstractmethod
    def restore(self) -> None:
        """Remove what is not in the baseline, and put back what has been changed of it."""

    @abstractmethod
    def snapshot(self) -> dict[Any, Any]:
        """Return all that is there, by names that stay the same."""

    def adopt(self, before: dict[Any, Any]) -> dict[Any, Any]:
        """Take what is there and was not in the snapshot `before` into the baseline."""
        now = self.snapshot()
        new = {name: value for name, value in now.items() if before.get(name) != value}
        self._baseline.update(new)
        return new

    def leave(self, adopted: dict[Any, Any]) -> None:
        """Take what `adopt` has returned out of the baseline; the next restore removes it."""
        for name, value in adopted.items():
            if self._baseline.get(name) == value:
                del self._baseline[name]

    @abstractmethod
    def probe(self) -> Callable[[], bool]:
        """Write as an application does; return what says whether that is still there.

        For `pytest-greenfield check`.
        """


def gone(service: Service) -> str:
    """Return the sentence about a server that does not answer any more."""
    where = f" ({service.variable})" if service.plan.source == "given" else ""
    return f"{service.summary}{where} went away during the run: run the tests again"


def one_line(error: BaseException) -> str:
    """Return the error's text as one line."""
    return " ".join(str(error).split()) or type(error).__name__


def in_ci() -> bool:
    """Say whether this is a run of CI."""
    return os.environ.get("CI", "").lower() not in ("", "0", "false")
