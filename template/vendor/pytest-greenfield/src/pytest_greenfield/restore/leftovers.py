"""Transactions that a test has left open: waited for, ended, and described."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass

import psycopg

from pytest_greenfield.cpu_wait import scaled

from .connection import RestoringConnection

_MOMENT = 0.25
"""Seconds that a transaction gets to end, or to go on with its next statement."""
_ACTIVE_SECONDS = 5.0
"""Seconds that a running statement gets: a periodic job of a live server may be in mid-work."""

_OPEN = """
    SELECT pid, xid, state, application_name, query, seconds, unchanged, prepared
    FROM greenfield.open_transactions
"""
# Sessions that are idle in a transaction and hold a lock that a restore may have to wait for: only
# a look at a table is harmless.
_BLOCKING = """
    SELECT DISTINCT a.pid, '', a.state, a.application_name, a.query,
        extract(epoch FROM clock_timestamp() - a.xact_start)::float, NULL::float, NULL
    FROM pg_stat_activity a JOIN pg_locks l ON l.pid = a.pid JOIN pg_class c ON c.oid = l.relation
    WHERE a.datname = current_database() AND a.pid <> pg_backend_pid()
        AND a.state LIKE 'idle in transaction%' AND l.granted AND l.database = (
            SELECT oid FROM pg_database WHERE datname = current_database())
        AND c.relkind IN ('r', 'p', 'm') AND (l.mode <> 'AccessShareLock' OR c.relkind = 'm')
"""


@dataclass(frozen=True)
class Leftover:
    """A transaction of another session, or a prepared one."""

    pid: int | None
    xid: str
    state: str
    application: str
    query: str
    seconds: float | None
    unchanged: float | None
    """Seconds since its state has changed."""
    prepared: str | None

    @property
    def stuck(self) -> bool:
        """Say whether it is between two statements, for longer than a program at work would be."""
        return self.state != "active" and (self.unchanged or 0) > scaled(_MOMENT)

    @property
    def sentence(self) -> str:
        """Say what the test has left."""
        name = f" of {self.application}" if self.application else ""
        last = " ".join(self.query.split())[:200]
        return (
            f"The test left a transaction{name} open ({self.state} for {self.seconds or 0:.1f} s;"
            f" its last statement: {last}). Commit or roll back, and close the session or"
            " connection."
        )


def open_transactions(
    connection: RestoringConnection, accepted: Collection[str] = ()
) -> list[Leftover]:
    """Return transactions that have written and are not finished, but for the accepted ones."""
    found = [Leftover(*row) for row in connection.query(_OPEN)]
    return [leftover for leftover in found if leftover.xid not in accepted]


def end_open_transactions(
    connection: RestoringConnection, accepted: Collection[str]
) -> list[Leftover]:
    """Wait for open transactions to end; end those that do not, and return them."""
    started = time.monotonic()
    while found := open_transactions(connection, accepted):
        waited = time.monotonic() - started
        stuck = any(leftover.stuck for leftover in found)
        if (stuck and waited > scaled(_MOMENT)) or waited > scaled(_ACTIVE_SECONDS):
            return _end(connection, found)
        time.sleep(0.005)
    return []


def end_blocking(connection: RestoringConnection) -> list[Leftover]:
    """End idle transactions that hold locks, and return them."""
    return _end(connection, [Leftover(*row) for row in connection.query(_BLOCKING)])


def _end(connection: RestoringConnection, leftovers: list[Leftover]) -> list[Leftover]:
    for leftover in leftovers:
        if leftover.prepared is None:
            connection.query("SELECT pg_terminate_backend(%s, 2000)", leftover.pid)
        else:
            name = psycopg.sql.Literal(leftover.prepared)
            connection.psycopg.execute(psycopg.sql.SQL("ROLLBACK PREPARED {}").format(name))
    return leftovers
