"""What a test may leave behind in its database, and what restoring says and does about it."""

import threading
import time
from collections.abc import Callable, Iterator

import psycopg
import pytest
from pytest_greenfield.errors import RestoreError
from pytest_greenfield.restore.database import RestoredDatabase

from .restoring import servers
from .restoring.dump import difference, dump
from .restoring.servers import Database, Server

Connect = Callable[[], servers.Connection]
_SCHEMA = """
    CREATE TABLE country (code text PRIMARY KEY, name text);
    CREATE TABLE item (id serial PRIMARY KEY, code text REFERENCES country);
    INSERT INTO country VALUES ('de', 'Germany');
    CREATE MATERIALIZED VIEW total AS SELECT count(*) AS n FROM item;
    CREATE TABLE broken (n int);
    INSERT INTO broken VALUES (-1);
    ALTER TABLE broken ADD CHECK (n > 0) NOT VALID;
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server that knows prepared transactions."""
    found = servers.binaries(18)
    assert found is not None
    with servers.running(found) as running:
        yield running


@pytest.fixture(scope="module", params=["superuser", "ordinary"])
def database(request: pytest.FixtureRequest, server: Server) -> Iterator[Database]:
    """A database for all tests of this module."""
    made = Database(server, request.param)
    with server.connect(made.template, made.role) as connection:
        connection.execute(_SCHEMA)
    made.prepare().close()
    yield made
    made.close()


@pytest.fixture
def restored(database: Database) -> Iterator[RestoredDatabase]:
    """Compares everything after the test with what was before."""
    restored = RestoredDatabase(database.connect, database.clone, lambda: None)
    with database.inspect() as connection:
        before = dump(connection)
    yield restored
    restored.ready()
    restored.close()
    with database.inspect() as connection:
        assert not difference(before, dump(connection))


@pytest.fixture
def connect(database: Database, restored: RestoredDatabase) -> Iterator[Connect]:
    """Opens connections that are closed after the test."""
    opened: list[servers.Connection] = []

    def connect() -> servers.Connection:
        opened.append(database.connect())
        return opened[-1]

    yield connect
    for connection in opened:
        connection.close()


def test_an_open_transaction_is_ended_and_named(
    connect: Connect, restored: RestoredDatabase
) -> None:
    """The sentence has its state, its application and its last statement."""
    connection = connect()
    connection.execute("SET application_name = 'worker'; BEGIN")
    connection.execute("INSERT INTO country VALUES ('fr', 'France')")

    leaks = restored.restore().leaks

    assert len(leaks) == 1
    assert "a transaction of worker open (idle in transaction for" in leaks[0]
    assert "INSERT INTO country VALUES ('fr', 'France')" in leaks[0]
    with pytest.raises(psycopg.OperationalError):
        connection.execute("COMMIT")


def test_a_statement_that_ends_soon_is_no_leak(
    database: Database, restored: RestoredDatabase
) -> None:
    """A periodic job of a live server may be in mid-work."""
    with database.connect() as connection:
        job = threading.Thread(
            target=connection.execute,
            args=("INSERT INTO country VALUES ('x', 'y'); SELECT pg_sleep(0.6)",),
        )
        job.start()
        time.sleep(0.2)
        assert restored.restore().leaks == []
        job.join()


def test_a_prepared_transaction_is_rolled_back_and_named(
    database: Database, restored: RestoredDatabase
) -> None:
    """It belongs to no session."""
    with database.connect() as connection:
        connection.execute("BEGIN; INSERT INTO country VALUES ('fr', 'France')")
        connection.execute("PREPARE TRANSACTION 'it''s mine'")

    assert ["PREPARE TRANSACTION 'it''s mine'" in leak for leak in restored.restore().leaks] == [
        True
    ]
    assert restored.restore().leaks == []


@pytest.mark.parametrize(
    "statement",
    ["LOCK TABLE country IN SHARE MODE", "LOCK TABLE country", "SELECT * FROM total"],
)
def test_a_lock_that_a_restore_waits_for_is_a_leak(
    database: Database, connect: Connect, restored: RestoredDatabase, statement: str
) -> None:
    """Its session has written nothing, and is idle in a transaction."""
    with database.connect() as connection:
        connection.execute("UPDATE country SET name = 'other'; REFRESH MATERIALIZED VIEW total")
    connection = connect()
    connection.execute(f"BEGIN; {statement}".encode())

    assert [statement in leak for leak in restored.restore().leaks] == [True]


def test_one_that_only_reads_is_no_leak(database: Database, restored: RestoredDatabase) -> None:
    """As a session of a whole run that looks at a table."""
    with database.connect() as reader, database.connect() as connection:
        reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        reader.execute("SELECT * FROM country")
        connection.execute("DELETE FROM country")
        assert restored.restore().leaks == []
        assert reader.execute("SELECT * FROM country").fetchall() == [("de", "Germany")]


def test_a_transaction_that_a_fixture_keeps_open_is_accepted(
    database: Database, connect: Connect, restored: RestoredDatabase
) -> None:
    """While the fixture lives; a later one of the same session is a leak."""
    depth = restored.begin_fixture()
    connection = connect()
    connection.execute("BEGIN; INSERT INTO country VALUES ('fixture', 'x')")
    fixture = restored.adopt(depth)
    with database.connect() as other:
        other.execute("INSERT INTO country VALUES ('test', 'x')")
    assert restored.restore().leaks == []
    connection.execute("ROLLBACK")
    connection.execute("BEGIN; INSERT INTO country VALUES ('test', 'x')")
    assert len(restored.restore().leaks) == 1
    restored.leave(fixture)
    restored.restore()


def test_the_connection_that_restores_may_be_ended(
    database: Database, restored: RestoredDatabase
) -> None:
    """A test of lost connections ends them all: before a restore, and after it."""
    for _ in range(2):
        with database.connect() as connection:
            connection.execute("INSERT INTO country VALUES ('fr', 'France')")
            connection.execute("INSERT INTO item (code) VALUES ('fr')")
            _terminate_others(connection)
        outcome = restored.restore()
        assert not outcome.replaced
        with database.connect() as connection:
            _terminate_others(connection)
        restored.ready()


def test_fixtures_outlive_a_connection_that_was_ended(
    database: Database, restored: RestoredDatabase
) -> None:
    """What they have written is in the database, not in the connection."""
    with database.connect() as connection:
        _terminate_others(connection)
        depth = restored.begin_fixture()
        connection.execute("INSERT INTO country VALUES ('fixture', 'x')")
        _terminate_others(connection)
        fixture = restored.adopt(depth)
        connection.execute("DELETE FROM country")
        _terminate_others(connection)
        restored.restore()
        assert connection.execute("SELECT count(*) FROM country").fetchone() == (2,)
        _terminate_others(connection)
    restored.leave(fixture)
    restored.restore()


def test_a_dropped_database_is_cloned_again(
    database: Database, restored: RestoredDatabase, server: Server
) -> None:
    """As a test of a command does that drops all databases."""
    with server.connect("postgres") as connection:
        connection.execute(f"DROP DATABASE {database.name} WITH (FORCE)".encode())
    assert restored.restore().replaced


def test_a_row_that_a_constraint_refuses_comes_back_in_a_clone(
    database: Database, restored: RestoredDatabase
) -> None:
    """The migration's row is older than the constraint."""
    with database.connect() as connection:
        connection.execute("DELETE FROM broken")
    outcome = restored.restore()
    assert outcome.replaced
    assert "violates check constraint" in (outcome.reason or "")


def test_a_crash_of_the_server_loses_the_notes_but_no_isolation(
    database: Database, restored: RestoredDatabase, server: Server
) -> None:
    """Notes are not logged; the database is cloned again."""
    with database.connect() as connection:
        connection.execute("INSERT INTO country VALUES ('fr', 'France')")
    with server.connect("postgres") as other:
        other.execute("CHECKPOINT")
    server.crash()
    assert restored.restore().replaced


def test_rows_that_only_moved_are_told_apart(
    database: Database, restored: RestoredDatabase
) -> None:
    """After VACUUM FULL a row has another's place, and the same xmin."""
    depth = restored.begin_fixture()
    with database.connect() as connection:
        connection.execute("INSERT INTO country VALUES ('a', '1'), ('b', '2'), ('c', '3')")
        fixture = restored.adopt(depth)
        connection.execute("DELETE FROM country WHERE code = 'a'")
        connection.execute("VACUUM FULL country")
        restored.restore()
        rows = connection.execute("SELECT code FROM country ORDER BY 1").fetchall()
        assert [code for (code,) in rows] == ["a", "b", "c", "de"]
        connection.execute("ALTER TABLE country ADD COLUMN x int")
        connection.execute("VACUUM FULL country")
        assert restored.restore().replaced
    with database.connect() as connection:
        rows = connection.execute("SELECT code FROM country ORDER BY 1").fetchall()
        assert [code for (code,) in rows] == ["a", "b", "c", "de"]
    restored.leave(fixture)
    restored.restore()


def test_a_row_that_a_test_and_then_a_fixture_change(
    database: Database, restored: RestoredDatabase
) -> None:
    """Two versions of one row cannot both stay: a sentence says so, and the run goes on."""
    with database.connect() as connection:
        connection.execute("UPDATE country SET name = 'test'")
        depth = restored.begin_fixture()
        connection.execute("UPDATE country SET name = 'fixture'")
    fixture = restored.adopt(depth)
    with pytest.raises(RestoreError, match="rows of fixtures of a wider scope"):
        restored.restore()
    restored.leave(fixture)
    restored.restore()


def test_a_view_that_a_fixture_refreshes(database: Database, restored: RestoredDatabase) -> None:
    """Its content belongs to the fixture, and the next test that refreshes it changes nothing."""
    depth = restored.begin_fixture()
    with database.connect() as connection:
        connection.execute("INSERT INTO item (code) VALUES ('de'), ('de')")
        connection.execute("REFRESH MATERIALIZED VIEW total")
        fixture = restored.adopt(depth)
        connection.execute("DELETE FROM item")
        connection.execute("REFRESH MATERIALIZED VIEW total")
        assert not restored.restore().replaced
        assert connection.execute("SELECT n FROM total").fetchone() == (2,)
    restored.leave(fixture)
    restored.restore()


def _terminate_others(connection: servers.Connection) -> None:
    connection.execute(
        "SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
