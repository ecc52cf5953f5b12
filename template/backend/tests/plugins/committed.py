"""A database for real commits, restored after each test at the price of one statement.

Triggers on a copy of the migrated database note which tables a statement has written to, whoever
wrote: a second connection, another process, a cascade. Restoring empties those tables only, in the
order of the foreign keys, puts back the rows of the migrations, and restarts the sequences.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import asyncpg

from backend.tests.plugins.postgres.urls import for_asyncpg

if TYPE_CHECKING:
    from sqlalchemy import Table
    from sqlalchemy.ext.asyncio import AsyncSession

    from backend.core.database import Database

_PREPARE = """
CREATE SCHEMA harness;
CREATE UNLOGGED TABLE harness.written (relation oid NOT NULL);
CREATE TABLE harness.tables (position int PRIMARY KEY, relation oid NOT NULL, seed text);

-- Notes only: no unique key and no lock, so that two transactions never wait for each other here.
CREATE FUNCTION harness.note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO harness.written VALUES (TG_RELID);
    RETURN NULL;
END $$;

CREATE FUNCTION harness.restore() RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
    entry record;
    restored text[] := '{}';
BEGIN
    IF NOT EXISTS (SELECT FROM harness.written) THEN
        RETURN restored;
    END IF;
    FOR entry IN SELECT * FROM harness.tables t
        WHERE t.relation IN (SELECT relation FROM harness.written) ORDER BY position
    LOOP
        EXECUTE format('DELETE FROM %s', entry.relation::regclass);
        restored := restored || entry.relation::regclass::text;
    END LOOP;
    FOR entry IN SELECT * FROM harness.tables t
        WHERE t.relation IN (SELECT relation FROM harness.written) ORDER BY position DESC
    LOOP
        IF entry.seed IS NOT NULL THEN
            EXECUTE format('INSERT INTO %s OVERRIDING SYSTEM VALUE SELECT * FROM harness.%I',
                           entry.relation::regclass, entry.seed);
        END IF;
        PERFORM setval(s.oid, COALESCE(q.seqstart, 1), false)
            FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
            JOIN pg_sequence q ON q.seqrelid = s.oid
            WHERE d.refobjid = entry.relation AND d.deptype IN ('a', 'i')
              AND entry.seed IS NULL;
    END LOOP;
    DELETE FROM harness.written;
    RETURN restored;
END $$;
"""

_WATCH = """
DO $$
DECLARE
    entry record;
    filled boolean;
BEGIN
    FOR entry IN
        SELECT c.oid, c.oid::regclass AS name, row_number() OVER (
            -- By plain names, as the metadata has them: regclass puts quotes around some.
            ORDER BY COALESCE(array_position(listed, n.nspname || '.' || c.relname),
                              array_position(listed, c.relname::text)) NULLS FIRST
        ) AS position
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,
             CAST($order$ORDER$order$ AS text[]) AS listed
        WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
          AND n.nspname NOT IN ('harness', 'information_schema')
          AND n.nspname NOT LIKE 'pg\\_%'
          AND NOT EXISTS (
              SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
    LOOP
        EXECUTE format('CREATE TRIGGER harness_note AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE '
                       'ON %s FOR EACH STATEMENT EXECUTE FUNCTION harness.note()', entry.name);
        EXECUTE format('SELECT EXISTS (SELECT FROM %s)', entry.name) INTO filled;
        IF filled THEN
            EXECUTE format('CREATE TABLE harness.%I AS TABLE %s', 'seed_' || entry.oid, entry.name);
        END IF;
        INSERT INTO harness.tables
            VALUES (entry.position, entry.oid, CASE WHEN filled THEN 'seed_' || entry.oid END);
    END LOOP;
END $$;
"""


class CommittedDatabase:
    """A clone with real commits, and the connection of its own that restores it.

    It belongs to the event loop, `loop`, that runs when it is made.

    Args:
        database: The clone.
        deletion_order: Its tables, those that refer to others first.
        lock_timeout: Seconds that restoring waits for a transaction that a test left open.
    """

    def __init__(
        self, database: Database, deletion_order: Sequence[Table], *, lock_timeout: float = 1.0
    ) -> None:
        self.database = database
        self.opened: list[AsyncSession] = []
        self.url = database.engine.url.render_as_string(hide_password=False)
        self.loop = asyncio.get_running_loop()
        self._lock_timeout = lock_timeout
        self._order = [table.fullname for table in deletion_order]
        self._connection: asyncpg.Connection[Any] | None = None

    async def prepare(self) -> None:
        """Install the triggers. Raises asyncpg's errors."""
        connection = await self._connect()
        quoted = ",".join('"{}"'.format(name.replace('"', r"\"")) for name in self._order)
        await connection.execute(_PREPARE)
        await connection.execute(_WATCH.replace("ORDER$order$", "{" + quoted + "}$order$"))

    async def restore(self) -> list[str]:
        """Close the test's sessions and bring back the migrated state.

        Returns the tables that had been written to.
        Raises `RuntimeError` when a test left a transaction open; it is ended all the same.
        """
        while self.opened:
            await self.opened.pop().close()
        try:
            return await self._restore()
        except asyncpg.LockNotAvailableError:
            ended = await self._end_other_sessions()
        await self._restore()
        raise RuntimeError(
            f"the test left {ended} transaction(s) open in its committed database; "
            "close every session and await every task that a test starts"
        )

    async def close(self) -> None:
        """Close the connection that restores."""
        if self._connection is not None:
            await self._connection.close(timeout=2)

    async def _restore(self) -> list[str]:
        connection = await self._connect()
        restored: list[str] = await connection.fetchval("SELECT harness.restore()")
        return restored

    async def _end_other_sessions(self) -> int:
        connection = await self._connect()
        ended: int = await connection.fetchval(
            "SELECT count(pg_terminate_backend(pid, 1000)) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid() "
            "AND state LIKE 'idle in transaction%'"
        )
        return ended

    async def _connect(self) -> asyncpg.Connection[Any]:
        if self._connection is None or self._connection.is_closed():
            self._connection = await asyncpg.connect(
                for_asyncpg(self.url),
                server_settings={"lock_timeout": f"{self._lock_timeout * 1000:.0f}ms"},
            )
        return self._connection
