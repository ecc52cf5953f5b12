"""Restoring is exact: whatever the schema and whatever a test writes, all is as it was before.

Sixty schemas in a usual run; RESTORE_EXAMPLES=2000 tries as many, and the versions and roles of
`-m nightly` as well.
"""

import os
from collections.abc import Iterator
from contextlib import suppress

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, event, given, note, settings
from hypothesis import strategies as st

from .restoring import servers
from .restoring.dump import difference, dump
from .restoring.schemas import Schema, schemas
from .restoring.servers import Connection, Database, Server
from .restoring.writes import Writes, writes

EXAMPLES = int(os.environ.get("RESTORE_EXAMPLES", "45"))
OTHERS = [(14, "superuser"), (14, "ordinary"), (15, "granted"), (16, "superuser"), (16, "ordinary")]
ROUNDS = 3
"""Tests one after the other in one database."""


@pytest.fixture(scope="module")
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server of the version that the test names."""
    found = servers.binaries(request.param)
    if found is None:
        pytest.skip(f"no PostgreSQL {request.param} here: see servers.binaries")
    with servers.running(found) as running:
        yield running


@pytest.mark.parametrize(
    ("server", "version", "role", "examples"),
    [
        (18, 18, "superuser", EXAMPLES),
        (18, 18, "ordinary", EXAMPLES // 3),
        pytest.param(18, 18, "granted", EXAMPLES, marks=pytest.mark.nightly),
        *[
            pytest.param(version, version, role, EXAMPLES, marks=pytest.mark.nightly)
            for version, role in OTHERS
        ],
    ],
    indirect=["server"],
)
def test_everything_is_as_before(server: Server, version: int, role: str, examples: int) -> None:
    """Compare a dump after several tests, each of which was restored, with one before them."""

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize="RESTORE_EXAMPLES" not in os.environ,
        phases=[Phase.generate],  # to shrink takes minutes, and the notes say what was done
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def restored(data: st.DataObject) -> None:
        schema = data.draw(schemas(version))
        database = Database(server, role)
        try:
            _set_up(server, database, schema)
            check(database, [data.draw(writes(schema, version)) for _ in range(ROUNDS)])
        finally:
            database.close()

    restored()


def _set_up(server: Server, database: Database, schema: Schema) -> None:
    with server.connect(database.template, database.role) as connection:
        for command in schema.commands:
            try:
                connection.execute(command.encode())
            except psycopg.Error as error:
                note(f"left out: {command}: {str(error).splitlines()[0]}")
            else:
                note(command)


def check(database: Database, rounds: list[Writes]) -> None:
    """Restore after each of the tests, and compare."""
    restored = database.prepare()
    try:
        with database.inspect() as connection:
            before = dump(connection)
        for test in rounds:
            connections = [database.connect() for _ in test.endings]
            for number, command in test.steps:
                _execute(connections[number], command)
            kept = [_end(c, how) for c, how in zip(connections, test.endings, strict=True)]
            outcome = restored.restore()
            restored.ready()
            note(f"{outcome}")
            event("clone" if outcome.replaced else "restored")
            with database.inspect() as connection:
                assert not difference(before, dump(connection))
            for connection in kept:
                connection.close()
    finally:
        restored.close()


def _execute(connection: Connection, command: str) -> None:
    try:
        if connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE:
            connection.execute("SET lock_timeout = '20ms'; SET statement_timeout = '5s'")
        if command.startswith("COPY"):
            with connection.cursor().copy(command.encode()) as copy:
                copy.write("5\n")
        else:
            connection.execute(command.encode())
    except psycopg.Error as error:
        note(f"{connection.info.backend_pid if not connection.closed else '-'}: {command}: {error}")
    else:
        note(f"{connection.info.backend_pid}: {command}")


def _end(connection: Connection, how: str) -> Connection:
    with suppress(psycopg.Error):
        if how == "close":
            connection.close()
        elif how != "open":
            connection.execute(how.upper().encode())
    return connection
