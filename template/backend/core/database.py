"""The database: one engine and its sessions, made by the application's lifespan."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from backend.core.settings import Settings


class Database:
    """An engine with a pool, and the sessions on it.

    Making one costs no I/O: the first query connects. One instance belongs to one event loop.
    """

    def __init__(self, settings: Settings) -> None:
        """Make the engine; `settings` have the URL and the size of the pool."""
        self.engine = create_async_engine(
            settings.database_url,
            pool_size=settings.database_pool_size,
            max_overflow=settings.database_max_overflow,
            pool_timeout=settings.database_pool_timeout,
            pool_pre_ping=settings.database_pool_pre_ping,
            echo=settings.database_echo,
            hide_parameters=settings.is_production,  # rows must not reach the logs of an error
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
