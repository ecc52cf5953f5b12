"""The one object of a pytest session: what the plugin's parts know, in typed attributes.

harness = config.stash[HARNESS]
"""

from typing import Any

import pytest

from . import settings
from .environment import Environment
from .gc_freeze import GcFreeze
from .levels import Levels
from .limits import Limits
from .network import Network
from .order import Order
from .serial import Serial
from .summary import Summary
from .workers import Workers


class Harness:
    """The parts of the plugin. Made before the first conftest, `configure`d with the options.

    Raises:
        pytest.UsageError: a setting is wrong.
    """

    def __init__(self, config: pytest.Config) -> None:
        self.settings = settings.read(config)
        self.levels = Levels(self.settings)
        self.order = Order()
        self.limits = Limits(self.settings, self.levels)
        self.network = Network(self.settings)
        self.environment = Environment()
        self.serial = Serial(config.rootpath)
        self.gc = GcFreeze()
        self.workers = Workers(config, self.levels)
        self.summary = Summary(config, self.levels, self.order)

    def configure(self, config: pytest.Config) -> None:
        """Read the options, or what the controller says, and change the process for the session.

        Raises:
            pytest.UsageError: an option is wrong.
        """
        workerinput: dict[str, Any] = getattr(config, "workerinput", {})
        self.serial.in_worker = bool(workerinput)
        self.order.configure(config, workerinput.get("greenfield_seed"))
        self.limits.configure(config)
        self.network.install()
        self.environment.install()
        self.gc.begin()

    def unconfigure(self) -> None:
        """Leave the process as it was."""
        self.gc.end()
        self.environment.uninstall()
        self.network.uninstall()
        self.limits.uninstall()


HARNESS = pytest.StashKey[Harness]()
