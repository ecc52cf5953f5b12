"""The SQL of a test: counted, asserted on, and shown when the test fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from backend.core.database import Database


class QueryLog:
    """The statements that the application sent, in order; a failing test shows them."""

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


@pytest.fixture
def query_log(integration_db: Database) -> Iterator[QueryLog]:
    """Records every statement of the application in this test."""
    from sqlalchemy import event

    log = QueryLog()
    engine = integration_db.engine.sync_engine
    event.listen(engine, "before_cursor_execute", log._record)
    yield log
    event.remove(engine, "before_cursor_execute", log._record)
