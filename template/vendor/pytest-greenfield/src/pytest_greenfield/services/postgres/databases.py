"""The databases of one process: made from templates, locked while it lives, dropped at its end."""

from __future__ import annotations

import itertools
import json
import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from pytest_greenfield import names
from pytest_greenfield.errors import ServiceUnavailableError
from pytest_greenfield.services.postgres.address import Address, connect

if TYPE_CHECKING:
    import psycopg

_MARK = "pytest-greenfield"  # stands in the comment of every database that we made
_KEPT_TEMPLATES = 3
_KINDS = ("template", "prepared")
_PROBE = """
    SELECT current_user, current_setting('server_version'), rolsuper, rolcreatedb OR rolsuper
    FROM pg_roles WHERE rolname = current_user
"""
_FILES = """
    SELECT string_agg(relname, ', ') FROM pg_class
    WHERE relkind IN ('r', 'i', 't', 'm') AND pg_stat_file(pg_relation_filepath(oid), true) IS NULL
"""
_log = logging.getLogger(__name__)


class Databases:
    """Creates and drops this process's databases on one server, over one connection."""

    def __init__(
        self, server: Address, variables: Mapping[str, str], *, slug: str, run: str, ours: bool
    ) -> None:
        """Connect to the maintenance database; raise what psycopg raises."""
        self.server, self.ours = server, ours
        self.worker = "master"
        self._variables, self._slug, self._run = variables, slug, run
        self._mine: list[str] = []
        self._numbers = itertools.count(1)
        self._connection = self._connect_maintenance()
        user, version, superuser, may_create = self.row(_PROBE)
        self.user, self.superuser = str(user), bool(superuser)
        self.version = str(version).split()[0]
        if not may_create:
            self.close()
            raise ServiceUnavailableError(
                f"the user of TEST_DATABASE_URL may not create databases, and every worker needs"
                f' its own: `ALTER ROLE "{self.user}" CREATEDB;`'
            )

    def _connect_maintenance(self) -> psycopg.Connection:
        import psycopg

        refusal: psycopg.Error | None = None
        # The named database need not exist: nothing is done in it.
        for name in dict.fromkeys((self.server.database, "postgres", "template1")):
            try:
                return connect(self.server.with_database(name), self._variables)
            except psycopg.OperationalError as error:
                refusal = refusal or error
                if "FATAL" not in str(error):  # nobody answers
                    break
        raise refusal or AssertionError

    def execute(self, sql: str, *values: object) -> None:
        """Run one statement."""
        self._settled().execute(sql.encode(), values or None)

    def row(self, sql: str, *values: object) -> Any:
        """Return the first row, or None."""
        return self._settled().execute(sql.encode(), values or None).fetchone()

    def value(self, sql: str, *values: object) -> Any:
        """Return the first column of the first row, or None."""
        row = self.row(sql, *values)
        return row[0] if row else None

    def _settled(self) -> psycopg.Connection:
        # A test's time limit may have ended the waiting for a statement, not the statement.
        active = 1
        while self._connection.pgconn.transaction_status == active:
            self._connection.pgconn.get_result()
        return self._connection

    def missing_files(self, database: str) -> str | None:
        """Name the tables of a database of our own server whose files are not there."""
        with connect(self.server.with_database(database), self._variables) as connection:
            row = connection.execute(_FILES.encode()).fetchone()
            return str(row[0]) if row and row[0] else None

    def template_name(self, state: str, kind: str = "template") -> str:
        """Return the name of the template of a state of the migrations."""
        # Only its owner may clone a template.
        key = names.lock_key(f"{state} {self.version} {self.user}") & 0xFFFF_FFFF_FFFF
        return f"test_{self._slug}_{kind}_{key:012x}"

    def build(self, name: str, source: str, fill: Callable[[Address], None]) -> None:
        """Make the template `name` from `source` unless it exists, and keep it from being pruned.

        Two processes may be here at once: one builds, the other takes what it has built.
        """
        self.execute("SELECT pg_advisory_lock_shared(%s)", names.lock_key(name))
        if self.exists(name):
            return
        # A lock of its own: the shared one is kept to the end, and would never be exclusive.
        building = names.lock_key(f"building {name}")
        self.execute("SELECT pg_advisory_lock(%s)", building)
        try:
            if not self.exists(name):
                self._build(name, source, fill)
        finally:
            self.execute("SELECT pg_advisory_unlock(%s)", building)

    def _build(self, name: str, source: str, fill: Callable[[Address], None]) -> None:
        import psycopg

        # Under a worker's name until it is ready: renaming is atomic, so a template that exists is
        # complete.
        building = names.database_name(self._slug, self._run, self.worker, "building")
        self._make(building, source)
        try:
            fill(self.server.with_database(building))
            self._comment(building, "template")
            self.execute(f'ALTER DATABASE "{building}" ALLOW_CONNECTIONS false')
            self._end_connections(building)
            self.execute(f'ALTER DATABASE "{building}" RENAME TO "{name}"')
            self.execute("SELECT pg_advisory_unlock(%s)", names.lock_key(building))
            self._mine.remove(building)
        except (psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
            # Another run was first, with another maintenance database, whose locks are apart.
            self.drop(building)
        except BaseException:
            self.drop(building)
            raise

    def _end_connections(self, name: str) -> None:
        # One that a migration left open may take a moment to end.
        self.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", name
        )

    def create(self, source: str, purpose: str = "") -> Address:
        """Return a new database of this worker, a clone of `source`."""
        name = names.database_name(self._slug, self._run, self.worker, purpose)
        self._make(name, source)
        return self.server.with_database(name)

    def clone(self, source: str, purpose: str) -> Address:
        """Return one more database, named by `purpose` and a number."""
        return self.create(source, f"{purpose}_{next(self._numbers)}")

    def drop(self, name: str) -> None:
        """Drop a database that this object made, whoever is connected to it; refuse any other."""
        if name not in self._mine:
            raise ValueError(f"{name} was not made by this worker")
        self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        self.execute("SELECT pg_advisory_unlock(%s)", names.lock_key(name))
        self._mine.remove(name)

    def close(self) -> None:
        """Drop everything that was made and disconnect; what a dead server keeps, goes later."""
        try:
            for name in list(self._mine):
                self.drop(name)
        except Exception as error:  # a killed server is reported elsewhere, and cannot be asked
            _log.debug("left behind: %s (%s)", self._mine, error)
        finally:
            self._connection.close()

    def drop_orphans(self, *, keep_templates: int = _KEPT_TEMPLATES) -> list[str]:
        """Drop what ended runs have left, of any project, and this project's older templates."""
        left: list[str] = []
        templates: dict[str, list[str]] = {kind: [] for kind in _KINDS}
        query = (
            "SELECT datname, shobj_description(oid, 'pg_database') FROM pg_database"
            r" WHERE datname LIKE 'test\_%' ORDER BY oid DESC"  # the newest first
        )
        for name, comment in self._settled().execute(query.encode()).fetchall():
            made = _parse(comment)
            kind = next((kind for kind in _KINDS if f"_{kind}_" in name), "")
            if made is None:
                # Of a run that was killed between CREATE DATABASE and COMMENT.
                if self.ours and comment is None and names.is_worker_database(name):
                    left.append(name)
            elif made.get("kind") != "template" or not kind:
                left.append(name)
            elif made.get("project") == self._slug:
                templates[kind].append(name)
        for found in templates.values():
            left += found[keep_templates:]
        return [name for name in left if self._drop_unless_locked(name)]

    def _drop_unless_locked(self, name: str) -> bool:
        import psycopg

        key = names.lock_key(name)
        # Locks taken on other maintenance databases do not exclude ours, but pg_locks shows them.
        held = self.value(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1"
            " AND (classid::bigint << 32 | objid::bigint) = %s",
            key,
        )
        if held or not self.value("SELECT pg_try_advisory_lock(%s)", key):
            return False
        try:
            self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        except psycopg.Error as error:
            _log.debug("not dropped: %s (%s)", name, error)  # another user's
            return False
        finally:
            self.execute("SELECT pg_advisory_unlock(%s)", key)
        return True

    def exists(self, name: str) -> bool:
        """Say whether the server has a database of that name."""
        return bool(self.value("SELECT count(*) FROM pg_database WHERE datname = %s", name))

    def _make(self, name: str, source: str) -> None:
        # The lock comes first: a database whose lock nobody holds belongs to an ended run.
        self.execute("SELECT pg_advisory_lock(%s)", names.lock_key(name))
        self._mine.append(name)  # before it exists: a time limit may strike in between
        # Copying files is twice as fast as logging pages, but asks for checkpoints, which cost on a
        # server with fsync.
        new = self.ours and int(self.version.split(".")[0]) >= 15
        strategy = " STRATEGY FILE_COPY" if new else ""
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{source}"{strategy}')
        self.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = off')
        self._comment(name, "worker")

    def _comment(self, name: str, kind: str) -> None:
        made = {"by": _MARK, "kind": kind, "project": self._slug, "run": self._run}
        self.execute(f"COMMENT ON DATABASE \"{name}\" IS '{json.dumps(made)}'")


def _parse(comment: str | None) -> dict[str, Any] | None:
    try:
        made = json.loads(comment or "")
    except ValueError:
        return None
    return made if isinstance(made, dict) and made.get("by") == _MARK else None
