"""Fixtures of a wider scope: what they write stays while they live, whatever tests do meanwhile."""

import os
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from pytest_greenfield.restore.database import RestoredDatabase

from .restoring import servers
from .restoring.model import MIGRATED, TABLES, Model, Row
from .restoring.servers import Database

EXAMPLES = int(os.environ.get("RESTORE_EXAMPLES", "25"))
_SCHEMA = """
    CREATE TABLE country (number int, text text);
    CREATE TABLE item (number int, text text, twice int GENERATED ALWAYS AS (number * 2) STORED);
    INSERT INTO country VALUES (1, 'de'), (2, 'fr');
    INSERT INTO item VALUES (3, 'x'), (3, 'x');
    CREATE SEQUENCE counter;
"""


@pytest.fixture(scope="module", params=["superuser", "ordinary"])
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A database with rows of migrations, for all examples."""
    found = servers.binaries(18)
    assert found is not None
    with servers.running(found) as server:
        made = Database(server, request.param)
        with server.connect(made.template, made.role) as connection:
            connection.execute(_SCHEMA)
        yield made
        made.close()


class Fixtures(RuleBasedStateMachine):
    """Tests and fixtures in any order."""

    database: Database
    restored: RestoredDatabase

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.connection = self.database.connect()
        self.clones = self.database.clones
        self.ddl: set[int] = set()
        self.altered = False

    def run(self, command: str) -> list[tuple[Any, ...]]:
        if self.clones != self.database.clones:
            self.clones = self.database.clones
            self.connection.close()
            self.connection = self.database.connect()
        cursor = self.connection.execute(command.encode())
        return cursor.fetchall() if cursor.description else []

    @rule(
        table=st.sampled_from(TABLES),
        number=st.integers(1, 3),
        text=st.sampled_from("ab"),
        times=st.integers(1, 2),
    )
    def insert(self, table: str, number: int, text: str, times: int) -> None:
        for _ in range(times):
            self.run(f"INSERT INTO {table} VALUES ({number}, '{text}')")
            self.model.insert((table, number, text))
        self.model.noted = True

    def _some(self, data: st.DataObject) -> Row | None:
        rows = sorted(self.model.rows)
        return data.draw(st.sampled_from(rows)) if rows else None

    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        if row := self._some(data):
            self.run(f"DELETE FROM {row[0]} WHERE number = {row[1]} AND text = '{row[2]}'")
            self.model.delete(row)
            self.model.noted = True

    @rule(data=st.data(), text=st.sampled_from("ab"))
    def update(self, data: st.DataObject, text: str) -> None:
        if row := self._some(data):
            number = self.model.rows[row]
            self.run(
                f"UPDATE {row[0]} SET text = '{text}' WHERE number = {row[1]} AND text = '{row[2]}'"
            )
            self.model.delete(row)
            for _ in range(number):
                self.model.insert((row[0], row[1], text))
            self.model.noted = True

    @rule(table=st.sampled_from(TABLES))
    def truncate(self, table: str) -> None:
        self.run(f"TRUNCATE {table}")
        for row in list(self.model.rows):
            if row[0] == table:
                self.model.delete(row)
        self.model.noted = True

    @rule()
    def move_sequence(self) -> None:
        self.run("SELECT nextval('counter')")
        self.model.value += 1

    @rule(command=st.sampled_from(["VACUUM FULL item", "VACUUM country"]))
    def vacuum(self, command: str) -> None:
        if self.model.depth == 0:
            self.run(command)

    @precondition(lambda self: self.model.depth == 0 and not self.ddl)
    @rule()
    def change_the_schema(self) -> None:
        self.altered = True
        self.run("ALTER TABLE country ADD COLUMN IF NOT EXISTS new text")

    @precondition(lambda self: not self.altered and self.model.depth < 3)
    @rule()
    def begin(self) -> None:
        self.model.begin()
        assert self.restored.begin_fixture() == self.model.depth

    @precondition(lambda self: self.model.depth)
    @rule()
    def adopt(self) -> None:
        self.model.adopt(self.restored.adopt(self.model.depth))

    @precondition(lambda self: self.model.depth)
    @rule()
    def abandon(self) -> None:
        self.restored.abandon(self.model.depth)
        self.model.abandon()

    @precondition(lambda self: not self.altered and self.model.depth == 0)
    @rule()
    def fixture_that_makes_a_table(self) -> None:
        self.restored.begin_fixture()
        self.model.begin()
        self.run(f"CREATE TABLE made_{self.model.number} AS SELECT 1 AS one")
        self.model.number += 1
        number = self.restored.adopt(1)
        self.model.adopt(number)
        self.ddl.add(number)

    @precondition(lambda self: self.model.changes and not self.altered)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        fixture = data.draw(st.sampled_from(sorted(self.model.changes)))
        if fixture in self.ddl and self.model.depth:
            return
        self._leave(fixture)

    def _leave(self, fixture: int) -> None:
        clones = self.database.clones
        self.restored.leave(fixture)
        self.ddl.discard(fixture)
        self.model.leave(fixture)
        if self.database.clones > clones:
            self.model.restore()

    @precondition(lambda self: self.model.depth == 0)
    @rule()
    def restore(self) -> None:
        outcome = self.restored.restore()
        self.restored.ready()
        assert outcome.replaced == self.altered, outcome
        assert not outcome.leaks
        self.altered = False
        self.model.restore()

    @invariant()
    def rows_are_as_expected(self) -> None:
        found: Counter[Row] = Counter()
        for table in TABLES:
            rows = self.run(f"SELECT number, text FROM {table}")
            found.update((table, number, text) for number, text in rows)
        assert found == self.model.rows

    def teardown(self) -> None:
        while self.model.depth:
            self.abandon()
        for fixture in sorted(self.model.changes, reverse=True):
            self._leave(fixture)
        self.restored.restore()
        self.restored.ready()
        self.model.restore()
        self.altered = False
        self.rows_are_as_expected()
        assert self.model.baseline == MIGRATED
        assert self.run("SELECT last_value, is_called FROM counter") == [(1, False)]
        self.connection.close()


def test_rows_of_fixtures_live_as_long_as_they_do(database: Database) -> None:
    """Tests write and are restored, and fixtures come and go, in any order."""

    class Machine(Fixtures):
        pass

    Machine.database = database
    Machine.restored = database.prepare()
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=30,
            deadline=None,
            database=None,
            phases=[Phase.generate],  # to shrink takes minutes
            derandomize="RESTORE_EXAMPLES" not in os.environ,
            suppress_health_check=list(HealthCheck),
        ),
    )
    Machine.restored.close()
