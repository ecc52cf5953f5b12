"""The one object of a pytest session: what the plugin's parts know, in typed attributes.

harness = config.stash[HARNESS]
"""

import json
import os
from typing import Any

import pytest

from . import settings
from .beside import Beside
from .environment import Environment
from .errors import RestoreError, ServiceUnavailableError
from .gc_freeze import GcFreeze
from .isolation import Isolation
from .levels import MARKERS, Levels
from .limits import Limits
from .network import Network
from .order import Order
from .serial import Serial
from .services.postgres.address import Address
from .services.postgres.service import Postgres
from .services.used import Services
from .summary import Summary
from .tracebacks import hide_libraries
from .workers import Workers

_RUN = "PYTEST_GREENFIELD_RUN"
"""Tells xdist's workers, before their first conftest, where the run's servers are."""


class Harness:
    """The parts of the plugin. Made before the first conftest, `configure`d with the options.

    Raises:
        pytest.UsageError: a setting is wrong.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
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
        self.isolation = self._address_services()
        self.limits.interrupt.loop_runs = self.isolation.tasks.watch
        self._start: Beside | None = None

    def _address_services(self) -> Isolation:
        """Decide where the servers are, and set the variables by which the application finds them.

        Before the first conftest: existing applications make their engine when they are imported.
        """
        exported = os.environ.pop(_RUN, None)
        if exported is None:
            worker = "master"
            postgres, services = self._plan_services()
            options = self._config.known_args_namespace
            if getattr(options, "numprocesses", None) or getattr(options, "tx", None):
                os.environ[_RUN] = json.dumps([postgres.export(), services.export()])
        else:
            worker = os.environ["PYTEST_XDIST_WORKER"]
            database, others = json.loads(exported)
            postgres, services = Postgres.attach(database), Services.attach(others, worker)
        self.services = services
        self.variables = self.variables_for(postgres.worker_address(worker))
        for name in [name for name in os.environ if name.startswith("PG")]:
            del os.environ[name]
        os.environ.update(postgres.libpq | self.variables)
        return Isolation(self.settings, postgres, services, worker, starts_server=exported is None)

    def _plan_services(self) -> tuple[Postgres, Services]:
        try:
            postgres = Postgres.plan(
                root=self._config.rootpath,
                settings_migrations=self.settings.migrations,
                environ=os.environ,
            )
            run = f"test_{postgres.slug}_{postgres.run}"
            return postgres, Services.plan(self.settings.placeholders, run, os.environ)
        except ServiceUnavailableError as error:
            raise pytest.UsageError(_sentence(error)) from None

    def variables_for(self, address: Address) -> dict[str, str]:
        """Return the variables by which the application finds a database, and the services.

        Raises:
            pytest.UsageError: greenfield_environment has an unknown placeholder.
        """
        return self.settings.variables(address.values() | self.services.values())

    def begin_services(self, config: pytest.Config) -> None:
        """Start the servers while tests are collected, where the run looks as if it needs them."""
        if self.isolation.starts_server and self.levels.are_wanted_online(config):
            self._start = Beside(self._start_each)

    def wait_for_services(self) -> None:
        """Wait for what `begin_services` does: a test must meet no thread of ours."""
        if self._start is not None:
            self._start.wait()

    def start_services(self) -> None:
        """Start the servers, in the process to which they belong.

        Raises:
            pytest.UsageError: one cannot be had.
        """
        try:
            self._start_services()
            self.services.begin_optional()  # a worker may ask
        except ServiceUnavailableError as error:
            raise pytest.UsageError(_sentence(error)) from None

    def _start_services(self) -> None:
        if self._start is not None:
            self._start.result()
        self._start_each()
        self.register_services()

    def _start_each(self) -> None:
        if not self.isolation.postgres.started:
            self.services.start()
            self.isolation.postgres.start(self.variables_for)

    def open_database(self, session: pytest.Session) -> None:
        """Make the worker's database, unless it is there; end the run where that fails."""
        try:
            if self.isolation.starts_server and not self.isolation.postgres.started:
                self._start_services()
            self.isolation.open()
        except ServiceUnavailableError as error:
            if self.isolation.starts_server:
                raise pytest.UsageError(_sentence(error)) from None
            session.shouldstop = _sentence(error)  # what xdist passes on to the controller
            # Not 2: xdist would replace the worker, as one that was interrupted.
            pytest.exit(_sentence(error), returncode=1)
        self.register_services()

    def register_services(self) -> None:
        """Note what the run's block says of the servers that are there."""
        used = [self.isolation.postgres, *self.services]
        if len(self.summary.services) < len(used):
            self.summary.services = [service.summary for service in used if service.version]

    def finish_test(self, item: pytest.Item, *, failed: bool) -> None:
        """Restore database and services, and report what the test has left behind."""
        try:
            leaks = self.isolation.finish_test(online=self.levels.is_online(item))
        except RestoreError as error:
            pytest.fail(str(error), pytrace=False)
        self.isolation.report(item, leaks, failed=failed)

    def before_report(self, item: pytest.Item, call: pytest.CallInfo[None]) -> None:
        """Stop the clock, fail what was swallowed, and hide the frames of libraries."""
        self.limits.note_failure(call)
        self.isolation.note_failure(call)
        self.network.fail_swallowed(call)
        if call.excinfo is not None and not item.config.getoption("fulltrace"):
            hide_libraries(call.excinfo.value)

    def explain_failure(self, item: pytest.Item, report: pytest.TestReport) -> None:
        """End the run with one sentence at the first failure that a dead server explains."""
        if self.levels.is_online(item) and (reason := self.isolation.failure_reason()):
            report.longrepr = _sentence(reason)
            item.session.shouldfail = _sentence(reason)

    def configure(self, config: pytest.Config) -> None:
        """Read the options, or what the controller says, and change the process for the session.

        Raises:
            pytest.UsageError: an option is wrong.
        """
        for line in MARKERS:
            config.addinivalue_line("markers", line)
        workerinput: dict[str, Any] = getattr(config, "workerinput", {})
        self.serial.in_worker = bool(workerinput)
        self.order.configure(config, workerinput.get("greenfield_seed"))
        self.limits.configure(config)
        self.network.install()
        self.environment.install()
        self.gc.begin()

    def report(self, session: pytest.Session) -> None:
        """Tell the controller what only a worker knows, or complete the run's report."""
        self.summary.notes += self.isolation.notes()
        workeroutput: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
        if workeroutput is not None:
            workeroutput["greenfield"] = self.summary.export()
        else:
            self.summary.write_junit()
            self.workers.remember(session)

    def unconfigure(self) -> None:
        """Stop the servers that belong to this process, and leave it as it was."""
        self.wait_for_services()
        self.isolation.close()
        self.services.stop()
        if self.isolation.starts_server:
            self.isolation.postgres.stop()
        os.environ.pop(_RUN, None)
        self.gc.end()
        self.environment.uninstall()
        self.network.uninstall()
        self.limits.uninstall()


def _sentence(error: Exception | str) -> str:
    text = str(error)
    return text[:1].upper() + text[1:]


HARNESS = pytest.StashKey[Harness]()
