"""What the worker has of its own in the course of a run, its database above all: made for the first
test that may use it, brought back to its baseline after each, removed at the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import pytest

from .errors import ServiceUnavailableError
from .leaks import Pools, TaskLeaks

if TYPE_CHECKING:
    from .restore.database import RestoredDatabase
    from .services.postgres.service import Postgres
    from .services.used import Services
    from .settings import Settings


class Isolation:
    """What isolates the tests of this process from each other."""

    def __init__(
        self,
        settings: Settings,
        postgres: Postgres,
        services: Services,
        worker: str,
        *,
        starts_server: bool,
    ) -> None:
        self._leaks = settings.leaks
        self.starts_server = starts_server
        self.postgres = postgres
        self.services = services
        self.worker = worker
        self.tasks = TaskLeaks()
        self._pools = Pools()
        self._database: RestoredDatabase | None = None
        self._fixtures: dict[int, int] = {}
        self._warnings: list[str] = []
        self.test_failed = False

    def open(self) -> None:
        """Make the worker's database, and what it has of its own on services, unless it is there.

        Raises:
            ServiceUnavailableError: There is no server, or it refuses.
        """
        self._pools.watch()
        self.services.open()
        if self._database is None:
            from .restore.database import RestoredDatabase  # psycopg: 0.1 s, not for unit tests

            self.postgres.open_worker(self.worker)
            address = self.postgres.worker_address(self.worker)
            self._database = RestoredDatabase(
                lambda: self.postgres.connect(address),
                self.postgres.replace_worker_database,
                self._pools.release,
            )
        else:
            try:
                self._database.ready()
            except Exception as error:
                reason = self.failure_reason()
                raise ServiceUnavailableError(reason or str(error)) from error

    def opened(self) -> Postgres:
        """Return the server, with the worker's database on it. Raises what `open` raises."""
        self.open()
        return self.postgres

    def empty_tables(self) -> None:
        """Delete all rows of all tables, until the next restore."""
        self.open()
        assert self._database is not None
        self._database.empty_tables()

    @contextmanager
    def wide_fixture(self, fixture: pytest.FixtureDef[Any], *, online: bool) -> Iterator[None]:
        """Take what a fixture of a wider scope writes and starts for its own, while it lives.

        Offline it cannot write to a service, and the plugin cannot ask one what is there.
        """
        mark = self.tasks.mark()
        database = self._database
        depth = database.begin_fixture() if database else 0
        try:
            with self.services.wide_fixture(id(fixture)) if online else nullcontext():
                yield
        except BaseException:
            if database:
                database.abandon(depth)
            raise
        self.tasks.accept(mark)
        self._pools.accept(fixture.cached_result[0] if fixture.cached_result else None)
        if database:
            self._fixtures[id(fixture)] = database.adopt(depth)

    def fixture_finished(self, fixture: pytest.FixtureDef[Any]) -> None:
        """Take a fixture that has been torn down out of the baseline."""
        self.services.fixture_finished(id(fixture))
        number = self._fixtures.pop(id(fixture), None)
        if number is not None and self._database is not None:
            try:
                self._database.leave(number)
            except Exception:
                if not self.failure_reason():  # else the run ends, with a sentence
                    raise

    def finish_test(self, *, online: bool) -> list[str]:
        """Restore, and return a sentence for each thing that the test has left behind.

        Raises:
            RestoreError, psycopg.OperationalError: the database cannot be restored.
        """
        leaks = self.tasks.finish()
        if online and self._database is not None:
            leaks += self._pools.finish()
            leaks += self._database.restore().leaks
            self.services.restore()
        return leaks

    def note_failure(self, call: pytest.CallInfo[None]) -> None:
        """Note whether the test has failed: what it leaves behind then is a consequence."""
        self.test_failed = call.excinfo is not None or (self.test_failed and call.when != "setup")

    def report(self, item: pytest.Item, leaks: list[str], *, failed: bool) -> None:
        """Fail the test for what it has left behind, as far as the setting asks for it."""
        if not leaks or self._leaks == "off":
            return
        text = "\n".join(leaks)
        if failed or self._leaks == "warn":
            item.add_report_section("teardown", "left behind", text)
        if self._leaks == "warn":
            # No warning of Python's: many suites make errors of these.
            self._warnings += [f"{item.nodeid}: {leak}" for leak in leaks]
        elif not failed:
            pytest.fail(text, pytrace=False)

    def notes(self) -> list[str]:
        """Lines for the end of the run."""
        notes = [*self.postgres.notes, *self.services.notes(), *self._warnings]
        replacements = self._database.replacements if self._database else None
        if replacements and replacements.count:
            notes.append(
                f"{replacements.count} tests changed the schema, and the next took a fresh database"
                f" ({replacements.seconds:.1f} s); clone_database is the cheaper place for them"
            )
        return notes

    def failure_reason(self) -> str | None:
        """Return a sentence when the server has gone away in the middle of the run."""
        if self._database is None:
            return None
        return self.postgres.failure_reason() or self.services.failure_reason()

    def close(self) -> None:
        """Drop the worker's databases, and what it has of its own on services."""
        self._pools.close()
        self.services.close()
        if self._database is not None:
            self._database.close()
            self._database = None
            self.postgres.close_worker()
