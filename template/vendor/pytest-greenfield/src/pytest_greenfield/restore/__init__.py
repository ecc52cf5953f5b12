"""Isolation by restoring: every test commits for real, and the next one starts with the baseline.

`prepare` installs notes, baseline and functions in the template that workers' databases are cloned
from; `RestoredDatabase` brings one of these clones back to the baseline after each test.
"""

from __future__ import annotations

import hashlib
from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psycopg

_SOURCES = ("prepare.sql", "fixtures.sql")
_CAPABILITIES = """
    SELECT rolsuper, rolsuper OR (
        current_setting('server_version_num')::int >= 150000 AND has_parameter_privilege(
            current_user, 'session_replication_role', 'SET'))
    FROM pg_roles WHERE rolname = current_user
"""
_EVENT_TRIGGERS = """
    CREATE EVENT TRIGGER greenfield_ddl ON ddl_command_end EXECUTE FUNCTION greenfield.note_ddl();
    ALTER EVENT TRIGGER greenfield_ddl ENABLE ALWAYS;
    CREATE EVENT TRIGGER greenfield_drop ON sql_drop EXECUTE FUNCTION greenfield.note_drop();
    ALTER EVENT TRIGGER greenfield_drop ENABLE ALWAYS;
"""
# Rows are kept as text: writer and reader must agree on how values are written.
SETTINGS = {
    "DateStyle": "ISO, MDY",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "greenfield.restoring": "on",
    "row_security": "off",
}


def _sql() -> str:
    folder = resources.files(__package__)
    return "\n".join((folder / name).read_text("utf-8") for name in _SOURCES)


VERSION = hashlib.blake2b((_sql() + _EVENT_TRIGGERS).encode(), digest_size=6).hexdigest()
"""Changes whenever a prepared template made by another version must not be used."""


def capabilities(connection: psycopg.Connection) -> tuple[bool, bool]:
    """Return whether the role is a superuser, and whether it may act in replica role."""
    version = connection.info.server_version
    # has_parameter_privilege is a function of PostgreSQL 15 and later.
    query = _CAPABILITIES if version >= 150000 else _CAPABILITIES.partition(", rolsuper OR")[0]
    if version < 150000:
        query += ", rolsuper FROM pg_roles WHERE rolname = current_user"
    row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return bool(row[0]), bool(row[1])


def configure(connection: psycopg.Connection, *, replica: bool) -> None:
    """Give a connection the settings under which baselines are written and restored."""
    settings = SETTINGS | ({"session_replication_role": "replica"} if replica else {})
    for name, value in settings.items():
        connection.execute("SELECT set_config(%s, %s, false)", (name, value))


def prepare(connection: psycopg.Connection) -> None:
    """Install what restoring needs, and take the present content as the baseline.

    Raises psycopg's errors, such as InsufficientPrivilege for a table of another role.
    """
    superuser, replica = capabilities(connection)
    configure(connection, replica=replica)
    flags = {":replica": str(replica).lower(), ":superuser": str(superuser).lower()}
    sql = _sql()
    for placeholder, value in flags.items():
        sql = sql.replace(placeholder, value)
    with connection.transaction():
        connection.execute(sql.encode())
        if superuser:
            connection.execute(_EVENT_TRIGGERS.encode())
        connection.execute("SELECT greenfield.watch()")
        connection.execute("SELECT greenfield.capture_all()")
