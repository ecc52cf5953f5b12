"""The database: one engine and its sessions, made by the application's lifespan."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from backend.core.settings import Settings

Connect = Callable[[], Awaitable["asyncpg.Connection[Any]"]]


class Database:
    """An engine with a pool, and the sessions on it.

    Making one costs no I/O: the first query connects. One instance belongs to one event loop.
    """

    def __init__(self, settings: Settings, *, connect: Connect | None = None) -> None:
        """Make the engine.

        Args:
            settings: The URL and the size of the pool.
            connect: Makes the driver's connections instead of the URL. The seam below SQLAlchemy
                for tests, proxies and connectors that renew their credentials.
        """
        extra = {} if connect is None else {"async_creator": connect}
        self.engine = create_async_engine(
            settings.database_url,
            pool_size=settings.database_pool_size,
            max_overflow=settings.database_max_overflow,
            pool_timeout=settings.database_pool_timeout,
            pool_pre_ping=True,  # a restarted database costs no request
            echo=settings.database_echo,
            hide_parameters=settings.is_production,  # rows must not reach the logs of an error
            **extra,
        )
        # Objects stay readable after a commit: a refresh would be I/O in the middle of a response.
        self.sessions = async_sessionmaker(self.engine, expire_on_commit=False)

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        """Open a session; what was not committed by its end is rolled back."""
        async with self.sessions() as session:
            yield session

    async def ping(self) -> None:
        """Ask the database for an answer; raises what the driver raises when there is none."""
        async with self.engine.connect() as connection:
            await connection.execute(text("SELECT 1"))

    async def dispose(self) -> None:
        """Close the pool's connections. The engine may be used again and connects anew."""
        await self.engine.dispose()
