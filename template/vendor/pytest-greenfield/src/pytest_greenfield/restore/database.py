"""The worker's database, brought back to its baseline after each test."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psycopg

from pytest_greenfield import restore as preparation
from pytest_greenfield.errors import RestoreError

if TYPE_CHECKING:
    from psycopg.pq.abc import PGconn

_MOMENT = 0.25
"""Seconds that a transaction gets to end by itself, unless it is running a statement."""
_ACTIVE_SECONDS = 5.0
"""Seconds that a running statement gets: a periodic job of a live server may be in mid-work."""
_LOCK_TIMEOUT = "3s"
_CARRIED = ("changes", "rows", "sequence_changes", "sequences")
"""What a fresh clone gets from the database that it replaces."""

_OPEN = """
    SELECT pid, backend_xid::text, state, application_name, query,
           extract(epoch FROM clock_timestamp() - xact_start)::float
    FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
        AND backend_type = 'client backend' AND backend_xid IS NOT NULL
"""
_BLOCKING = """
    SELECT pid, '', state, application_name, query,
           extract(epoch FROM clock_timestamp() - xact_start)::float
    FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
        AND backend_type = 'client backend' AND state LIKE 'idle in transaction%'
"""


@dataclass
class Outcome:
    """What a restore found: sentences about what the test left open, and whether it took a clone."""

    leaks: list[str] = field(default_factory=list)
    replaced: bool = False
    commands: tuple[str, ...] = ()
    """The commands that changed the schema."""


@dataclass
class Replacements:
    """How many tests needed a fresh clone, and the seconds that these took."""

    count: int = 0
    seconds: float = 0.0


class RestoredDatabase:
    """Restores one database through a connection of its own.

    Args:
        connect: Opens a connection (autocommit) to the worker's database.
        replace: Drops the worker's database and clones it again.
        release: Makes the engines of this process forget their connections.
    """

    def __init__(
        self,
        connect: Callable[[], psycopg.Connection[Any]],
        replace: Callable[[], None],
        release: Callable[[], None],
    ) -> None:
        self._connect, self._replace, self._release = connect, replace, release
        self._depth = 0
        self._last_fixture = 0
        self._live: dict[int, bool] = {}
        self._accepted: list[str] = []
        self._sequences_sent = False
        self.replacements = Replacements()
        self._open()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def ready(self) -> None:
        """Wait until the restore after the last test is complete. Called before a test."""
        if self._sequences_sent:
            self._sequences_sent = False
            while (result := self._pgconn.get_result()) is not None:
                if message := result.error_message:
                    raise RestoreError(f"the sequences cannot be restarted: {message.decode()}")

    def restore(self) -> Outcome:
        """Bring the database back to its baseline.

        Raises:
            RestoreError: It cannot be; the database has been replaced where that was possible.
        """
        self.ready()
        outcome = Outcome()
        try:
            open_, commands = self._restore()
            if open_:
                outcome.leaks = self._end_open_transactions()
                _, commands = self._restore()
        except psycopg.errors.LockNotAvailable:
            outcome.leaks += self._terminate(self._query(_BLOCKING))
            commands = self._restore_or_replace()
        except psycopg.OperationalError:
            raise
        except psycopg.Error as error:
            # Such as a row that a CHECK constraint, made NOT VALID, refuses to take again.
            commands = (f"restoring failed ({str(error).strip().splitlines()[0]})",)
        if commands:
            outcome.commands = commands
            self.replace()
            outcome.replaced = True
            if any(self._live.values()):
                raise RestoreError(
                    f"the test changed the schema ({', '.join(commands)}) which a fixture of a wider"
                    " scope had made, so that it cannot be undone: do it in a database of its own,"
                    " from the fixture clone_database"
                )
        else:
            self._send_sequences()
        return outcome

    def replace(self) -> None:
        """Take a fresh clone; what live fixtures have added to the baseline is carried over."""
        started = time.perf_counter()
        self.ready()
        carried = self._export() if self._live else {}
        self._connection.close()
        self._replace()
        self._release()
        self._open()
        if carried:
            self._import(carried)
        self.replacements.count += 1
        self.replacements.seconds += time.perf_counter() - started

    def empty_tables(self) -> None:
        """Delete the rows of all tables; the next restore puts back those of the baseline."""
        self.ready()
        self._connection.execute("SELECT greenfield.empty_tables()")

    def begin_fixture(self) -> int:
        """Return a mark, for `adopt` or `abandon`, before a fixture of a wider scope is set up."""
        self.ready()
        self._depth += 1
        self._connection.execute("SELECT greenfield.begin_fixture(%s)", (self._depth,), prepare=True)
        return self._depth

    def adopt(self, depth: int) -> int:
        """Take what the fixture has written into the baseline; return its number, for `leave`."""
        self._depth = depth - 1
        self._last_fixture += 1
        row = self._connection.execute(
            "SELECT greenfield.adopt(%s, %s)", (depth, self._last_fixture), prepare=True
        ).fetchone()
        assert row is not None
        self._live[self._last_fixture] = bool(row[0])
        # A transaction that the fixture keeps open is no leak of a test.
        self._accepted = [xid for _, xid, *_ in self._query(_OPEN)]
        return self._last_fixture

    def abandon(self, depth: int) -> None:
        """Leave what a fixture that failed has written to the next restore."""
        self._depth = depth - 1

    def leave(self, fixture: int) -> None:
        """Take a fixture, which has been torn down, out of the baseline.

        Its rows go at once where nothing else is to be restored: the next test may be in its
        set-up already. Otherwise they go with what the test has written.
        """
        self.ready()
        changed_schema = self._live.pop(fixture)
        row = self._connection.execute(
            "SELECT greenfield.leave(%s)", (fixture,), prepare=True
        ).fetchone()
        assert row is not None
        if changed_schema and not self._live:
            self.replace()
        elif row[0]:
            open_, commands = self._restore()
            if not open_ and not commands:
                self._send_sequences()

    def _open(self) -> None:
        self._connection = self._connect()
        _, replica = preparation.capabilities(self._connection)
        preparation.configure(self._connection, replica=replica)
        self._connection.execute(f"SET lock_timeout = '{_LOCK_TIMEOUT}'".encode())
        self._pgconn: PGconn = self._connection.pgconn
        self._pgconn.prepare(b"greenfield_sequences", b"SELECT greenfield.restore_sequences()")

    def _restore(self) -> tuple[int, tuple[str, ...]]:
        row = self._connection.execute(
            "SELECT * FROM greenfield.restore(%s)", (self._accepted,), prepare=True
        ).fetchone()
        assert row is not None
        return row[0], tuple(row[1] or ())

    def _send_sequences(self) -> None:
        # Nobody waits for the answer before the next test: the server works meanwhile.
        self._pgconn.send_query_prepared(b"greenfield_sequences", [])
        self._sequences_sent = True

    def _restore_or_replace(self) -> tuple[str, ...]:
        try:
            return self._restore()[1]
        except psycopg.Error as error:
            return (f"restoring failed ({str(error).strip().splitlines()[0]})",)

    def _query(self, sql: str) -> list[tuple[Any, ...]]:
        return self._connection.execute(sql.encode()).fetchall()

    def _not_accepted(self) -> list[tuple[Any, ...]]:
        return [row for row in self._query(_OPEN) if row[1] not in self._accepted]

    def _end_open_transactions(self) -> list[str]:
        """Wait for open transactions to end; then end them, and return a sentence about each."""
        started = time.monotonic()
        while rows := self._not_accepted():
            waited = time.monotonic() - started
            idle = [row for row in rows if row[2] != "active"]
            if (idle and waited > _MOMENT) or waited > _ACTIVE_SECONDS:
                return self._terminate(rows)
            time.sleep(0.005)
        return []

    def _terminate(self, rows: list[tuple[Any, ...]]) -> list[str]:
        leaks = []
        for pid, _, state, application, query, seconds in rows:
            self._connection.execute("SELECT pg_terminate_backend(%s, 2000)", (pid,))
            name = f" of {application}" if application else ""
            last = " ".join(str(query).split())[:200]
            leaks.append(
                f"The test left a transaction{name} open ({state} for {seconds or 0:.1f} s; its last"
                f" statement: {last}). Commit or roll back, and close the session or connection."
            )
        self._release()
        return leaks

    def _export(self) -> dict[str, bytes]:
        carried = {}
        for table in _CARRIED:
            with self._connection.cursor().copy(f"COPY greenfield.{table} TO STDOUT".encode()) as copy:
                carried[table] = b"".join(bytes(block) for block in copy)
        return carried

    def _import(self, carried: dict[str, bytes]) -> None:
        with self._connection.transaction():
            for table, data in carried.items():
                self._connection.execute(f"DELETE FROM greenfield.{table}".encode())
                with self._connection.cursor().copy(
                    f"COPY greenfield.{table} FROM STDIN".encode()
                ) as copy:
                    copy.write(data)
            # The clone's tables have the rows of the migrations: the next restore compares.
            self._connection.execute(
                "INSERT INTO greenfield.notes SELECT DISTINCT relation FROM greenfield.changes"
            )
        self._restore()
        self._connection.execute("SELECT greenfield.restore_sequences()")
