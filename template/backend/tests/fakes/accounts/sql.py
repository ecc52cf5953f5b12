"""A session that records SQL, to test PostgreSQL-specific statements."""

from collections.abc import Sequence
from typing import Any
from unittest.mock import create_autospec

from sqlalchemy import ScalarResult
from sqlalchemy.dialects import registry
from sqlalchemy.ext.asyncio import AsyncSession

POSTGRESQL = registry.load("postgresql.asyncpg")()


class Recorder(AsyncSession):
    """Records each query's SQL and returns `rows`, or nothing."""

    def __init__(self, rows: Sequence[Any] = ()) -> None:
        super().__init__()
        self.rows = rows
        self.sql = ""

    async def execute(self, statement: Any, *_: Any, **__: Any) -> Any:
        self.sql = " ".join(str(statement.compile(dialect=POSTGRESQL)).split())
        return self.rows

    async def scalar(self, statement: Any, *_: Any, **__: Any) -> Any:
        await self.execute(statement)

    async def scalars(self, statement: Any, *_: Any, **__: Any) -> Any:
        await self.execute(statement)
        result = create_autospec(ScalarResult, instance=True)
        result.all.return_value = self.rows
        result.__iter__.return_value = iter(self.rows)
        return result
