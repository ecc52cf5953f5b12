"""The broker: a project has exactly one module here, found by its place, not its name.

It defines `BrokerSettings`, whose `configure()` returns the broker's Celery configuration.
"""

from typing import Any, Protocol, cast

from backend.core.discovery import import_modules
from backend.core.settings import AppSettings


class Broker(Protocol):
    """The interface of a broker's settings."""

    def configure(self) -> dict[str, Any]:
        """Return the broker-specific part of Celery's configuration."""


(_module,) = import_modules(__name__, __path__)
BrokerSettings = cast("type[AppSettings]", _module.BrokerSettings)
