"""The SQL of a test: counted, asserted on, and shown when the test fails."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest


class QueryLog:
    """The statements that were sent through SQLAlchemy, in order; a failing test shows them."""

    def __init__(self) -> None:
        self.statements: list[str] = []

    @property
    def count(self) -> int:
        """How many statements there were."""
        return len(self.statements)

    def clear(self) -> None:
        """Forget the statements so far."""
        self.statements.clear()

    @contextmanager
    def at_most(self, limit: int) -> Iterator[None]:
        """Fail when the block sends more than `limit` statements, as an N+1 query does."""
        before = self.count
        yield
        sent = self.statements[before:]
        if len(sent) > limit:
            listing = "\n".join(f"  {number}. {sql}" for number, sql in enumerate(sent, 1))
            message = f"{len(sent)} statements, at most {limit} expected:\n{listing}"
            pytest.fail(message, pytrace=False)

    def __str__(self) -> str:
        return "\n".join(self.statements)

    def _record(
        self, _connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any
    ) -> None:
        self.statements.append(statement)
        print(f"SQL {self.count}: {statement}\n    {parameters}")


@contextmanager
def recorded() -> Iterator[QueryLog]:
    """Record what every engine of this process sends, whoever made it, async ones included."""
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    log = QueryLog()
    event.listen(Engine, "before_cursor_execute", log._record)
    try:
        yield log
    finally:
        event.remove(Engine, "before_cursor_execute", log._record)
