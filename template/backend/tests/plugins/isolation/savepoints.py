"""Which savepoints are open on the shared connection, whose they are, and what is still to send.

No I/O happens here: the rules can be tested without a server.
"""

from __future__ import annotations

import itertools
import re
from functools import lru_cache

from asyncpg import InterfaceError

COMMITTED = "use the `committed_db` fixture, or mark the test `@pytest.mark.committed`"
"""What every refusal advises."""

_READS = re.compile(r"\s*(SELECT|SHOW|VALUES|TABLE|EXPLAIN|WITH)\b", re.IGNORECASE)
_WRITES_INSIDE = re.compile(
    r"\b(INSERT|DELETE|MERGE|nextval|setval|(?<!FOR )(?<!FOR NO KEY )UPDATE)\b", re.IGNORECASE
)


class RefusedError(InterfaceError):
    """One connection cannot show what the test asked for."""


@lru_cache(maxsize=4096)
def writes(sql: str) -> bool:
    """Whether a statement may change rows; `SELECT … FOR UPDATE` does not."""
    return _READS.match(sql) is None or _WRITES_INSIDE.search(sql) is not None


class Savepoint:
    """One savepoint of the real connection: its owner, and who wrote since it was opened."""

    __slots__ = ("done", "label", "name", "owner", "writers")

    def __init__(self, name: str, owner: object, label: str | None) -> None:
        self.name = name
        self.owner = owner
        self.label = label
        self.done = False
        self.writers: set[object] = set()


class SavepointStack:
    """The open savepoints, innermost last.

    An owner is a transaction. `pending` holds the commands that go to the server in front of the
    next statement: closing a transaction costs no message of its own.
    """

    def __init__(self) -> None:
        self._open: list[Savepoint] = []
        self._numbers = itertools.count(1)
        self.pending: list[str] = []

    @property
    def depth(self) -> int:
        """How many savepoints are open."""
        return len(self._open)

    def clear(self, pending: str) -> None:
        """Forget all savepoints; `pending` is the command that makes the server forget them."""
        self._open = []
        self.pending = [pending]

    def take_pending(self) -> str:
        """The commands to send now, as one message; empty when there are none."""
        message, self.pending = ";".join(self.pending), []
        return message

    def reopened(self) -> None:
        """A new connection has taken the old one's place: begin, and open every savepoint again."""
        self.pending = ["BEGIN", *(f"SAVEPOINT {savepoint.name}" for savepoint in self._open)]

    def push(self, owner: object, label: str | None = None) -> Savepoint:
        """Open a savepoint; it goes to the server with the next statement."""
        if label is not None:
            self.innermost(owner)  # what is rolled back when the transaction is, not the label
        savepoint = Savepoint(f"v{next(self._numbers)}", owner, label)
        self._open.append(savepoint)
        self.pending.append(f"SAVEPOINT {savepoint.name}")
        return savepoint

    def innermost(self, owner: object) -> Savepoint:
        """The innermost savepoint, the owner's: opened now if the last one is somebody else's."""
        if self._open and self._open[-1].owner is owner and not self._open[-1].done:
            return self._open[-1]
        return self.push(owner)

    def keep(self, owner: object, label: str | None = None) -> None:
        """COMMIT, or RELEASE of the savepoint `label`: what the owner wrote since then stays."""
        for savepoint in self._open[self._lowest(owner, label) :]:
            if savepoint.owner is owner:
                savepoint.done = True
        self._release_done()

    def undo(self, owner: object, label: str | None = None) -> None:
        """ROLLBACK, or ROLLBACK TO the savepoint `label`.

        Raises `RefusedError` when another transaction wrote since then: on a real server its rows
        would stay.
        """
        index = self._lowest(owner, label)
        if index == len(self._open):
            return
        undone = self._open[index:]
        if label is None and not any(owner in savepoint.writers for savepoint in undone):
            self.keep(owner)  # it only read: there is nothing to undo, and others may have written
            return
        if any(writer is not owner for savepoint in undone for writer in savepoint.writers):
            raise RefusedError(
                "this ROLLBACK would also undo what another transaction wrote after this one "
                "began, because a test has one real connection. "
                f"Commit before the other transaction starts, or {COMMITTED}."
            )
        del self._open[index:]
        self.pending.append(f"ROLLBACK TO {undone[0].name}")
        if label is None:
            self.pending.append(f"RELEASE {undone[0].name}")
            self._release_done()
        else:
            undone[0].writers.clear()
            self._open.append(undone[0])

    def failed(self, savepoint: Savepoint) -> None:
        """A statement failed under `savepoint`: make the server accept statements again."""
        if self._open and self._open[-1] is savepoint:
            self.pending.append(f"ROLLBACK TO {savepoint.name}")

    def _lowest(self, owner: object, label: str | None) -> int:
        """The index of the owner's first savepoint, or of its latest one called `label`."""
        mine = [i for i, savepoint in enumerate(self._open) if savepoint.owner is owner]
        if label is None:
            return mine[0] if mine else len(self._open)
        named = [i for i in mine if self._open[i].label == label and not self._open[i].done]
        if not named:
            raise RefusedError(f"there is no savepoint {label} in this transaction")
        return named[-1]

    def _release_done(self) -> None:
        while self._open and self._open[-1].done:
            done = self._open.pop()
            self.pending.append(f"RELEASE {done.name}")
            if self._open:
                self._open[-1].writers |= done.writers
