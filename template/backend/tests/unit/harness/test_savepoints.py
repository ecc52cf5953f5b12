"""The shared connection's rules, without a server: what stays is what a real server would keep."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.tests.plugins.isolation.savepoints import RefusedError, SavepointStack, writes


class Server:
    """What PostgreSQL does with rows and savepoints on one connection."""

    def __init__(self) -> None:
        self.rows: frozenset[str] = frozenset()
        self.savepoints: list[tuple[str, frozenset[str]]] = []

    def execute(self, message: str) -> None:
        for command in filter(None, message.split(";")):
            verb, name = command.rsplit(" ", 1)
            if verb == "SAVEPOINT":
                self.savepoints.append((name, self.rows))
                continue
            index = [known for known, _ in self.savepoints].index(name)
            if verb == "ROLLBACK TO":
                self.rows = self.savepoints[index][1]
                del self.savepoints[index + 1 :]
            else:
                del self.savepoints[index:]


class Session:
    """A transaction on the shared connection, and what it would mean on a connection of its own."""

    def __init__(self, name: str, stack: SavepointStack, server: Server) -> None:
        self.name = name
        self.transaction = object()
        self.stack = stack
        self.server = server
        self.rows: set[str] = set()
        self.marks: list[tuple[str, frozenset[str]]] = []
        self.written = 0

    def write(self) -> None:
        self.written += 1
        row = f"{self.name}{self.written}"
        savepoint = self.stack.innermost(self.transaction)
        self.server.execute(self.stack.take_pending())
        savepoint.writers.add(self.transaction)
        self.server.rows |= {row}
        self.rows.add(row)

    def read(self) -> None:
        self.stack.innermost(self.transaction)
        self.server.execute(self.stack.take_pending())

    def mark(self) -> None:
        label = f"sp{len(self.marks)}"
        self.stack.push(self.transaction, label)
        self.marks.append((label, frozenset(self.rows)))

    def release(self) -> None:
        if self.marks:
            self.stack.keep(self.transaction, self.marks.pop()[0])

    def back(self) -> None:
        if self.marks:
            label, rows = self.marks[-1]
            self.stack.undo(self.transaction, label)
            self.rows = set(rows)

    def commit(self) -> set[str]:
        self.stack.keep(self.transaction)
        kept = self.rows
        self._begin()
        return kept

    def rollback(self) -> set[str]:
        self.stack.undo(self.transaction)
        self._begin()
        return set()

    def _begin(self) -> None:
        self.transaction = object()
        self.rows, self.marks = set(), []


steps = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.sampled_from(["write", "read", "mark", "release", "back", "commit", "rollback"]),
    ),
    max_size=30,
)


class TestSavepointStack:
    @settings(max_examples=150, deadline=None)
    @given(steps=steps)
    def test_keeps_what_connections_of_their_own_would_keep_or_refuses(
        self, steps: list[tuple[int, str]]
    ) -> None:
        stack, server = SavepointStack(), Server()
        sessions = [Session(name, stack, server) for name in "abc"]
        committed: set[str] = set()
        try:
            for number, step in steps:
                act: Callable[[], set[str] | None] = getattr(sessions[number], step)
                committed |= act() or set()
            for session in reversed(sessions):
                session.rollback()
        except RefusedError:
            return
        server.execute(stack.take_pending())
        assert server.rows == committed
        assert (stack.depth, server.savepoints) == (0, [])

    @settings(max_examples=50, deadline=None)
    @given(steps=steps)
    def test_never_refuses_what_a_single_session_does(self, steps: list[tuple[int, str]]) -> None:
        stack, server = SavepointStack(), Server()
        session = Session("a", stack, server)
        committed: set[str] = set()
        for _, step in steps:
            committed |= getattr(session, step)() or set()
        session.rollback()
        server.execute(stack.take_pending())
        assert server.rows == committed

    def test_refuses_a_rollback_that_would_take_anothers_rows_along(self) -> None:
        stack = SavepointStack()
        outer, inner = object(), object()
        stack.innermost(outer).writers.add(outer)
        stack.innermost(inner).writers.add(inner)
        stack.keep(inner)
        with pytest.raises(RefusedError, match="committed_db"):
            stack.undo(outer)

    def test_opens_the_savepoints_again_on_a_new_connection(self) -> None:
        stack = SavepointStack()
        first = stack.push("owner")
        stack.take_pending()
        stack.reopened()
        assert stack.take_pending() == f"BEGIN;SAVEPOINT {first.name}"


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT 1", False),
        ("  select * from t where a = $1 FOR UPDATE", False),
        ("SELECT * FROM t FOR NO KEY UPDATE SKIP LOCKED", False),
        ("WITH x AS (SELECT 1) SELECT * FROM x", False),
        ("WITH x AS (UPDATE t SET a = 1 RETURNING a) SELECT * FROM x", True),
        ("SELECT nextval('s')", True),
        ("INSERT INTO t VALUES (1)", True),
        ("CREATE TABLE t ()", True),
        ("COPY", True),
    ],
)
def test_tells_statements_that_write_from_those_that_read(sql: str, expected: bool) -> None:
    assert writes(sql) is expected
