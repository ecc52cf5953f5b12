"""The database: one engine and its sessions, made by the application's lifespan."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from backend.core.settings import Settings


class Database:
    """An engine with a pool, and the sessions on it.

    Making one costs no I/O: the first query connects. One instance belongs to one event loop.
    """

    loop: asyncio.AbstractEventLoop | None = None
    """The event loop in which it was made, if one was running."""

    def __init__(self, settings: Settings, **extra: Any) -> None:
        """Make the engine.

        Args:
            settings: The URL and the size of the pool.
            extra: Further arguments of `create_async_engine`, such as `connect_args`.
        """
        with suppress(RuntimeError):
            self.loop = asyncio.get_running_loop()
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

    def is_usable_here(self) -> bool:
        """Tell whether its connections work in the running event loop."""
        return self.loop in (None, asyncio.get_running_loop())

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
