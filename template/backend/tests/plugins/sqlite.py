"""A session on SQLite in memory, for logic that needs a session and no server.

What is PostgreSQL's own (locks, `ILIKE`'s index, time zones, check order) is not there: prove that
in `integration/`.
"""

from __future__ import annotations

import warnings
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


@pytest.fixture
async def sqlite_session() -> AsyncIterator[AsyncSession]:
    """An `AsyncSession` with all tables, empty; skipped where aiosqlite is not installed."""
    pytest.importorskip("aiosqlite", reason="needs aiosqlite: uv add --dev aiosqlite")
    from sqlalchemy import event, exc
    from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

    from backend.models import Base

    engine = create_async_engine("sqlite+aiosqlite://")
    event.listen(engine.sync_engine, "connect", _prepare)
    with warnings.catch_warnings():
        # It keeps decimals as floats, and says so at each table: good enough for two digits.
        warnings.filterwarnings("ignore", "Dialect sqlite", exc.SAWarning)
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        async with async_sessionmaker(engine, expire_on_commit=False)() as session:
            yield session
        await engine.dispose()


def _prepare(connection: Any, _record: object) -> None:
    """Give a connection what the models take for granted."""
    connection.create_function("clock_timestamp", 0, _clock_timestamp)
    connection.execute("PRAGMA foreign_keys = ON")


def _clock_timestamp() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
