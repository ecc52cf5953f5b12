"""The broker: each project has one of the modules here, whatever it is called.

It has `BrokerSettings`, whose `configure()` returns what Celery needs to know of that broker.
"""

from typing import Any, Protocol, cast

from backend.core.discovery import import_modules
from backend.core.settings import AppSettings


class Broker(Protocol):
    """What a broker's settings offer."""

    def configure(self) -> dict[str, Any]:
        """Return the lines of Celery's configuration that differ from broker to broker."""


(_module,) = import_modules(__name__, __path__)
BrokerSettings = cast("type[AppSettings]", _module.BrokerSettings)
