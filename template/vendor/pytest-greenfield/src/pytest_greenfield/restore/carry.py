"""What live fixtures have added to the baseline, carried over into a fresh clone."""

from __future__ import annotations

from .connection import RestoringConnection

_TABLES = ("changes", "sequence_changes", "view_changes", "large_objects")


def take(connection: RestoringConnection) -> dict[str, bytes]:
    """Return it from the database that is replaced."""
    carried = {}
    for table in _TABLES:
        with connection.psycopg.cursor().copy(f"COPY greenfield.{table} TO STDOUT") as copy:
            carried[table] = b"".join(bytes(block) for block in copy)
    return carried


def put(connection: RestoringConnection, carried: dict[str, bytes]) -> None:
    """Add it to the baseline of a fresh clone, and restore that.

    Raises psycopg.Error, as for two versions of one row.
    """
    with connection.psycopg.transaction():
        for table, data in carried.items():
            connection.psycopg.execute(f"TRUNCATE greenfield.{table}".encode())
            with connection.psycopg.cursor().copy(f"COPY greenfield.{table} FROM STDIN") as copy:
                copy.write(data)
        connection.psycopg.execute("SELECT greenfield.apply_changes()")
    connection.call("restore", "{}")
    connection.call("restore_rest")
    # A view that was stale is not any more: no command brings that back.
    connection.psycopg.execute(
        "UPDATE greenfield.views SET content = greenfield.view_content(view)"
    )
