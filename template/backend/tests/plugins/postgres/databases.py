"""The databases of one worker: cloned from the template, locked while the worker lives, dropped at
its end."""

from __future__ import annotations

import itertools
import json
import logging
import re
from typing import Any

from backend.tests.plugins.postgres import template
from backend.tests.plugins.postgres.admin import Admin
from backend.tests.plugins.postgres.names import (
    IDENTITY,
    get_worker_db_name,
    lock_key,
    project_slug,
)
from backend.tests.plugins.postgres.server import Server
from backend.tests.plugins.postgres.urls import DatabaseUrl, for_sqlalchemy, with_database

_MARK = (
    "greenfield-tests"  # the comment of every database that we made; nothing else is ever dropped
)
_KEPT_TEMPLATES = 3
_log = logging.getLogger(__name__)


class Databases:
    """Creates and drops the databases of this worker on one server. Not for use by two threads at
    once."""

    def __init__(self, server: Server) -> None:
        """Connect to the maintenance database."""
        self.server = server
        self._admin = Admin(server.url)
        self._mine: list[str] = []
        self._numbers = itertools.count(1)
        self._template: str | None = None

    def template(self) -> str:
        """Return the migrated template's name, building it when the migrations or the server's
        version are new."""
        if self._template is None:
            user = self._admin.value("SELECT current_user")
            stamp = f"{template.migrations_hash()}{self.server.major}{user}"
            name = f"test_{project_slug()}_template_{lock_key(stamp) & 0xFFFFFFFFFFFF:012x}"
            if not self._exists(name):
                self._build(name)
            self._template = name
        return self._template

    def create(self, purpose: str = "", *, empty: bool = False) -> DatabaseUrl:
        """Return the SQLAlchemy URL of a new database of this worker: a clone of the template, or
        `empty`."""
        name = get_worker_db_name(purpose=purpose)
        self._make(name, "template1" if empty else self.template())
        return for_sqlalchemy(with_database(self.server.url, name))

    def clone(self, purpose: str = "clone", *, empty: bool = False) -> DatabaseUrl:
        """Return the SQLAlchemy URL of one more database, named by `purpose` and a number."""
        return self.create(f"{purpose}_{next(self._numbers)}", empty=empty)

    def drop(self, url_or_name: str) -> None:
        """Drop a database that this object made, whoever is connected to it; any other is refused
        (ValueError)."""
        name = url_or_name.rpartition("/")[2].partition("?")[0]
        if name not in self._mine:
            raise ValueError(f"{name} was not made by this worker")
        self._admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        self._admin.execute("SELECT pg_advisory_unlock($1)", lock_key(name))
        self._mine.remove(name)

    def close(self) -> None:
        """Drop everything that was made and disconnect; what a dead server keeps, the next run
        drops."""
        try:
            for name in list(self._mine):
                self.drop(name)
        except Exception as error:
            # Not a failure of the run: a killed server is reported elsewhere, and cannot be asked.
            _log.debug("left behind: %s (%s)", self._mine, error)
        finally:
            self._admin.close()

    def drop_orphans(self) -> list[str]:
        """Drop databases that a killed run left behind, and return their names.

        Ours are those with our comment (on a server that we started: with our kind of name); dead
        are those
        whose advisory lock nobody holds. Templates of other migrations go when there are too many.
        """
        dropped: list[str] = []
        templates: list[tuple[int, str]] = []
        for name, comment, oid in self._admin.rows(
            "SELECT datname, shobj_description(oid, 'pg_database'), oid FROM pg_database"
            " WHERE datname LIKE 'test\\_%'"
        ):
            made = _parse(comment)
            if made is None and not (
                self.server.ours and comment is None and _is_worker_name(name)
            ):
                continue
            if made is not None and made.get("kind") == "template" and "_template_" in name:
                if made.get("project") == project_slug():
                    templates.append((int(oid), name))
                continue
            dropped += self._drop_if_unlocked(name)
        # Oids grow: the highest are the newest.
        for _, name in sorted(templates)[:-_KEPT_TEMPLATES]:
            dropped += self._drop_if_unlocked(name)
        return dropped

    def _drop_if_unlocked(self, name: str) -> list[str]:
        key = lock_key(name)
        # Locks of other maintenance databases do not exclude ours, but pg_locks shows them all.
        held = self._admin.value(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1"
            " AND (classid::bigint << 32 | objid::bigint) = $1",
            key,
        )
        if held or not self._admin.value("SELECT pg_try_advisory_lock($1)", key):
            return []
        try:
            self._admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        except Exception:  # another role's: not ours to drop
            return []
        finally:
            self._admin.execute("SELECT pg_advisory_unlock($1)", key)
        return [name]

    def _exists(self, name: str) -> bool:
        return bool(self._admin.value("SELECT count(*) FROM pg_database WHERE datname = $1", name))

    def _make(self, name: str, source: str) -> None:
        # The lock comes first: a database whose lock nobody holds belongs to a dead run, and is
        # dropped.
        self._admin.execute("SELECT pg_advisory_lock($1)", lock_key(name))
        self._mine.append(name)  # before it exists: a time limit may strike in between
        # Copying files is twice as fast as logging pages, but asks for checkpoints, which cost on a
        # server with fsync.
        strategy = " STRATEGY FILE_COPY" if self.server.ours and self.server.major >= 15 else ""
        self._admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{source}"{strategy}')
        self._comment(name, "worker")

    def _build(self, name: str) -> None:
        import asyncpg

        self._admin.execute("SELECT pg_advisory_lock($1)", lock_key(name))
        try:
            if self._exists(name):  # another worker was first
                return
            # Under a worker's name until it is ready: renaming is atomic, so a template that exists
            # is complete.
            building = get_worker_db_name(purpose="building")
            self._make(building, "template1")
            if template.has_migrations():
                template.migrate(with_database(self.server.url, building))
            self._comment(building, "template")
            try:
                self._admin.execute(f'ALTER DATABASE "{building}" ALLOW_CONNECTIONS false')
                self._admin.execute(f'ALTER DATABASE "{building}" RENAME TO "{name}"')
            except (asyncpg.DuplicateDatabaseError, asyncpg.UniqueViolationError):
                # another run was first, with another maintenance database, whose locks are apart
                return
            self._admin.execute("SELECT pg_advisory_unlock($1)", lock_key(building))
            self._mine.remove(building)
        finally:
            self._admin.execute("SELECT pg_advisory_unlock($1)", lock_key(name))

    def _comment(self, name: str, kind: str) -> None:
        made = {
            "by": _MARK,
            "kind": kind,
            "project": project_slug(),
            "run": IDENTITY.run,
            "worker": IDENTITY.worker,
            "lock": lock_key(name),
        }
        text = json.dumps(made).replace("'", "''")
        self._admin.execute(f"COMMENT ON DATABASE \"{name}\" IS '{text}'")


def _parse(comment: str | None) -> dict[str, Any] | None:
    try:
        made = json.loads(comment or "")
    except ValueError:
        return None
    return made if isinstance(made, dict) and made.get("by") == _MARK else None


def _is_worker_name(name: str) -> bool:
    # A run that was killed between CREATE DATABASE and COMMENT; such a name on our own server is
    # nobody else's.
    return (
        re.fullmatch(r"test_[a-z0-9_]+_[0-9a-f]{8}_(master|gw\d+)(_[a-z0-9_]+)?", name) is not None
    )
