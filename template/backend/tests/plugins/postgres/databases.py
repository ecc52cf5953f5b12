"""The databases of one worker: cloned from the template, locked while the worker lives, dropped at
its end.
"""

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
    once.
    """

    def __init__(self, server: Server) -> None:
        """Connect to the maintenance database."""
        self.server = server
        self._admin = Admin(server.url)
        self._mine: list[str] = []
        self._numbers = itertools.count(1)
        self._template: str | None = None

    def template(self) -> str:
        """Return the migrated template's name; it is built when migrations or server are new."""
        if self._template is None:
            name = self.template_name()
            # Held to the end: a run with other migrations does not prune what this one clones.
            self._admin.execute("SELECT pg_advisory_lock_shared($1)", lock_key(name))
            if not self.exists(name):
                self._admin.execute("SELECT pg_advisory_unlock_shared($1)", lock_key(name))
                self._build(name)
            self._template = name
        return self._template

    def template_name(self) -> str:
        """Return the name that the template of these migrations, server and user has or will
        have.
        """
        user = self._admin.value("SELECT current_user")  # only its owner may clone it
        key = lock_key(f"{template.migrations_hash()} {self.server.version} {user}")
        return f"test_{project_slug()}_template_{key & 0xFFFF_FFFF_FFFF:012x}"

    def create(self, purpose: str = "", *, empty: bool = False) -> DatabaseUrl:
        """Return the SQLAlchemy URL of a new database of this worker: a clone of the template, or
        `empty`.
        """
        name = get_worker_db_name(purpose=purpose)
        self._make(name, "template1" if empty else self.template())
        return for_sqlalchemy(with_database(self.server.url, name))

    def clone(self, purpose: str = "clone", *, empty: bool = False) -> DatabaseUrl:
        """Return the SQLAlchemy URL of one more database, named by `purpose` and a number."""
        return self.create(f"{purpose}_{next(self._numbers)}", empty=empty)

    def drop(self, url_or_name: str) -> None:
        """Drop a database that this object made, whoever is connected to it; any other is refused
        (ValueError).
        """
        name = url_or_name.rpartition("/")[2].partition("?")[0]
        if name not in self._mine:
            raise ValueError(f"{name} was not made by this worker")
        self._admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        self._admin.execute("SELECT pg_advisory_unlock($1)", lock_key(name))
        self._mine.remove(name)

    def close(self) -> None:
        """Drop everything that was made and disconnect; what a dead server keeps, the next run
        drops.
        """
        try:
            for name in list(self._mine):
                self.drop(name)
        except Exception as error:
            # Not a failure of the run: a killed server is reported elsewhere, and cannot be asked.
            _log.debug("left behind: %s (%s)", self._mine, error)
        finally:
            self._admin.close()

    def drop_orphans(self, *, keep_templates: int = _KEPT_TEMPLATES) -> list[str]:
        """Drop what killed runs left behind, and the oldest unused templates; return the names.

        Ours is a database with our comment (on a server of our own: with our kind of name, because
        a run may be killed before it comments). It is left behind when nobody holds its lock.
        """
        left: list[str] = []
        templates: list[tuple[int, str]] = []
        for name, comment, oid in self._admin.rows(
            "SELECT datname, shobj_description(oid, 'pg_database'), oid::bigint FROM pg_database"
            " WHERE datname LIKE 'test\\_%'"
        ):
            made = _parse(comment)
            if made is None:
                if self.server.ours and comment is None and _is_worker_name(name):
                    left.append(name)
            elif made.get("kind") != "template" or "_template_" not in name:
                left.append(name)
            elif made.get("project") == project_slug():
                templates.append((oid, name))
        # Object ids grow: the newest templates have the highest.
        left += [name for _, name in sorted(templates)[: max(0, len(templates) - keep_templates)]]
        return [name for name in left if self._drop_unless_locked(name)]

    def _drop_unless_locked(self, name: str) -> bool:
        key = lock_key(name)
        # Locks taken on other maintenance databases do not exclude ours, but pg_locks shows them.
        held = self._admin.value(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1"
            " AND (classid::bigint << 32 | objid::bigint) = $1",
            key,
        )
        if held or not self._admin.value("SELECT pg_try_advisory_lock($1)", key):
            return False
        try:
            self._admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        except Exception as error:
            _log.debug("not dropped: %s (%s)", name, error)  # another user's
            return False
        finally:
            self._admin.execute("SELECT pg_advisory_unlock($1)", key)
        return True

    def exists(self, name: str) -> bool:
        """Say whether the server has a database of that name."""
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
            if self.exists(name):  # another worker was first
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
            self._admin.execute("SELECT pg_advisory_lock_shared($1)", lock_key(name))
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
        re.fullmatch(r"test_[a-z0-9_]+_[0-9a-f]{8}_(master|(?:gw|fork)\d+)(_[a-z0-9_]+)?", name)
        is not None
    )
