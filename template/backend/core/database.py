"""The database: one engine and its sessions, made by the application's lifespan."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoFreeConnection
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from backend.core.errors import UnavailableError
from backend.core.settings import Settings

CONNECT_TIMEOUT = 10
"""Seconds that a new connection may take."""

TEMPORARY_STATES = {
    "53300",  # too many connections
    "55P03",  # lock_timeout
    "57014",  # statement_timeout
    "57P01",  # the server stops
    "57P02",  # it has crashed
    "57P03",  # it starts
}
"""SQLSTATEs of failures that may be over when the request is sent again."""


class Database:
    """An engine with a pool, and the sessions on it.

    Making one costs no I/O: the first query connects. One instance belongs to one event loop.
    """

    loop: asyncio.AbstractEventLoop | None = None
    """The event loop in which it was made, if one was running."""

    def __init__(self, settings: Settings) -> None:
        """Make the engine."""
        with suppress(RuntimeError):
            self.loop = asyncio.get_running_loop()
        limits = {
            "statement_timeout": settings.database_statement_timeout,
            "lock_timeout": settings.database_lock_timeout,
        }
        milliseconds = {name: str(round(1000 * limit)) for name, limit in limits.items()}
        self.engine = create_async_engine(
            settings.database_url,
            pool_size=settings.database_pool_size,
            max_overflow=settings.database_max_overflow,
            pool_timeout=settings.database_pool_timeout,
            pool_pre_ping=True,  # a restarted database costs no request
            echo=settings.database_echo,
            hide_parameters=settings.is_production,  # rows must not reach the logs of an error
            connect_args={"timeout": CONNECT_TIMEOUT, "server_settings": milliseconds},
        )
        event.listen(self.engine.sync_engine, "do_connect", _connect)
        # Objects stay readable after a commit: a refresh would be I/O in the middle of a response.
        self.sessions = async_sessionmaker(self.engine, expire_on_commit=False)

    def is_usable_here(self) -> bool:
        """Tell whether its connections work in the running event loop."""
        return self.loop in (None, asyncio.get_running_loop())

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        """Open a session; what was not committed by its end is rolled back.

        Raises:
            UnavailableError: The database cannot be reached, has no connection to spare, or a
                statement has waited for too long.
        """
        try:
            async with self.sessions() as session:
                yield session
        except NoFreeConnection as error:
            raise UnavailableError from error
        except DBAPIError as error:
            state = getattr(error.orig, "sqlstate", None)
            if error.connection_invalidated or state in TEMPORARY_STATES:
                raise UnavailableError from error
            raise

    async def ping(self) -> None:
        """Ask the database for an answer; raises what the driver raises when there is none."""
        async with self.engine.connect() as connection:
            await connection.execute(text("SELECT 1"))

    async def dispose(self) -> None:
        """Close the pool's connections. The engine may be used again and connects anew."""
        await self.engine.dispose()


def _connect(dialect: Any, _record: Any, positional: Any, named: dict[str, Any]) -> Any:
    """Connect as SQLAlchemy does; a refused connection may be tried later."""
    try:
        return dialect.connect(*positional, **named)
    except OSError as error:  # refused, too slow, or no such host
        raise UnavailableError from error
