"""Isolation by restoring: every test commits for real, and the next one starts with the baseline.

`prepare` installs notes, baseline and functions in the template that workers' databases are cloned
from; `RestoredDatabase` brings one of these clones back to the baseline after each test.
"""

from __future__ import annotations

import hashlib
from importlib import resources
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import psycopg

_SOURCES = ("schema.sql", "notes.sql", "watch.sql", "baseline.sql", "restore.sql", "fixtures.sql")
_EVENT_TRIGGERS = """
    CREATE EVENT TRIGGER greenfield_ddl ON ddl_command_end EXECUTE FUNCTION greenfield.note_ddl();
    ALTER EVENT TRIGGER greenfield_ddl ENABLE ALWAYS;
    CREATE EVENT TRIGGER greenfield_drop ON sql_drop EXECUTE FUNCTION greenfield.note_drop();
    ALTER EVENT TRIGGER greenfield_drop ENABLE ALWAYS;
"""
_SETTINGS = {
    "greenfield.restoring": "on",
    # Rows are kept as text: writer and reader must agree on how values are written.
    "DateStyle": "ISO, MDY",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",
    "array_nulls": "on",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "lc_monetary": "C",
    "xmloption": "content",
    # What a role or a database may set for the application is not meant for restoring.
    "default_transaction_isolation": "read committed",
    "default_transaction_read_only": "off",
    "idle_in_transaction_session_timeout": "0",
    "idle_session_timeout": "0",
    "row_security": "off",
    "statement_timeout": "0",
}


def _sql() -> str:
    folder = resources.files(__package__)
    return "\n".join((folder / name).read_text("utf-8") for name in _SOURCES)


VERSION = hashlib.blake2b((_sql() + _EVENT_TRIGGERS).encode(), digest_size=6).hexdigest()
"""Changes whenever a prepared template made by another version must not be used."""


def capabilities(connection: psycopg.Connection[Any]) -> tuple[bool, bool]:
    """Return whether the role is a superuser, and whether it may act in replica role."""
    may_set = "rolsuper"
    if connection.info.server_version >= 150000:
        may_set += " OR has_parameter_privilege('session_replication_role', 'SET')"
    query = f"SELECT rolsuper, {may_set} FROM pg_roles WHERE rolname = current_user"  # noqa: S608
    row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return bool(row[0]), bool(row[1])


def configure(
    connection: psycopg.Connection[Any], *, replica: bool, lock_timeout: str = "0"
) -> None:
    """Give a connection the settings under which baselines are written and restored."""
    settings = {**_SETTINGS, "lock_timeout": lock_timeout}
    if replica:
        settings["session_replication_role"] = "replica"
    if connection.info.server_version >= 170000:
        settings["transaction_timeout"] = "0"
    calls = ", ".join(["set_config(%s, %s, false)"] * len(settings))
    values = [word for setting in settings.items() for word in setting]
    connection.execute(f"SELECT {calls}".encode(), values)


def prepare(connection: psycopg.Connection[Any]) -> None:
    """Install what restoring needs, and take the present content as the baseline.

    Raises psycopg's errors, such as InsufficientPrivilege for a table of another role.
    """
    superuser, replica = capabilities(connection)
    configure(connection, replica=replica)
    sql = _sql().replace(":replica", str(replica)).replace(":superuser", str(superuser))
    with connection.transaction():
        connection.execute(sql.encode())
        if superuser:
            connection.execute(_EVENT_TRIGGERS.encode())
        connection.execute("SELECT greenfield.watch()")
        connection.execute("SELECT greenfield.capture_all()")
