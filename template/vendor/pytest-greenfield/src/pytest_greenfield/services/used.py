"""The services that a run uses beside PostgreSQL: those that greenfield_environment names."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from pytest_greenfield.errors import ServiceUnavailableError
from pytest_greenfield.services.child import prune
from pytest_greenfield.services.service import Plan, Service

KINDS = {
    "redis": "redis.service:Redis",
    "wiremock": "wiremock.service:WireMockService",
    "s3": "s3.service:S3",
    "amqp": "rabbitmq.service:RabbitMQ",
}
"""The first part of a placeholder, and the class. A new service is one line here."""


def kind(name: str) -> type[Service]:
    """Return a service's class. Only what is used is imported."""
    module, _, attribute = KINDS[name].partition(":")
    loaded: type[Service] = getattr(
        importlib.import_module(f"pytest_greenfield.services.{module}"), attribute
    )
    return loaded


class Services:
    """All of them, so that the harness has one thing to ask."""

    def __init__(self, plans: Mapping[str, Plan], worker: str) -> None:
        """Choose addresses, and start nothing."""
        self._services = {name: kind(name)(plan, worker) for name, plan in plans.items()}
        self._fixtures: dict[int, list[tuple[Service, dict[Any, Any]]]] = {}

    @classmethod
    def plan(cls, placeholders: Iterable[str], run: str, environ: Mapping[str, str]) -> Services:
        """Decide where the servers are or will be. Raises ServiceUnavailableError."""
        used = sorted(placeholders)
        plans = {
            name: kind(name).planned(run, [x for x in used if x.startswith(f"{name}.")], environ)
            for name in KINDS
            if any(placeholder.startswith(f"{name}.") for placeholder in used)
        }
        return cls(plans, "master")

    @classmethod
    def attach(cls, exported: dict[str, Any], worker: str) -> Services:
        """Return the controller's services, in a worker."""
        return cls({name: Plan(**plan) for name, plan in exported.items()}, worker)

    def export(self) -> dict[str, Any]:
        """Return what a worker needs to know, in a form that JSON can carry."""
        return {name: service.plan.export() for name, service in self._services.items()}

    def __iter__(self) -> Iterator[Service]:
        return iter(self._services.values())

    def get(self, name: str) -> Service | None:
        """Return a service, if the run uses it."""
        return self._services.get(name)

    def values(self) -> dict[str, str]:
        """Return what stands for the placeholders."""
        return {
            f"{name}.{part}": value
            for name, service in self._services.items()
            for part, value in service.values().items()
        }

    def start(self) -> None:
        """Start what the run's workers share, and end what killed runs have left.

        Raises ServiceUnavailableError.
        """
        if self._services:
            prune()
        for service in self:
            if not service.optional:
                service.start()

    def open(self) -> None:
        """Make what this worker has of its own, unless it is there."""
        for service in self:
            if not service.opened and not service.optional:
                service.open()
                service.opened = True

    def begin_optional(self) -> None:
        """Start those that take long, for workers which may ask for them; they hear of failures."""
        for service in self:
            if service.optional:
                with suppress(ServiceUnavailableError):
                    service.start()

    def _open(self) -> list[Service]:
        return [service for service in self if service.opened]

    @contextmanager
    def wide_fixture(self, key: int) -> Iterator[None]:
        """Take what a fixture of a wider scope writes for its own, while it lives."""
        before = [(service, service.snapshot()) for service in self._open()]
        yield
        self._fixtures[key] = [(service, service.adopt(seen)) for service, seen in before]

    def fixture_finished(self, key: int) -> None:
        """Take a fixture that has been torn down out of the baseline."""
        for service, adopted in self._fixtures.pop(key, ()):
            service.leave(adopted)

    def restore(self) -> None:
        """Bring each back to its baseline."""
        for service in self._open():
            service.restore()

    def failure_reason(self) -> str | None:
        """Return a sentence when one has gone away in the middle of the run."""
        reasons = (service.failure_reason() for service in self._open())
        return next(filter(None, reasons), None)

    def notes(self) -> list[str]:
        """Return what the user should know at the end of the run, one line each."""
        return [note for service in self for note in service.notes]

    def close(self) -> None:
        """Remove what this worker has of its own."""
        for service in self._open():
            service.close()
            service.opened = False

    def stop(self) -> None:
        """Stop what this process has started."""
        for service in self:
            service.stop()
