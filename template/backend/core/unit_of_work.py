"""One transaction's worth of work: the repositories of a domain on one session."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.database import Database

R = TypeVar("R")


class UnitOfWork:
    """What a service works on. The service commits; what it did not commit never happened."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    def use(self, kind: Callable[[AsyncSession], R]) -> R:
        """Make a repository on the same transaction: what a feature adds to a domain's work."""
        return kind(self._session)

    async def commit(self) -> None:
        """Commit the transaction. The next query begins a new one."""
        await self._session.commit()

    async def rollback(self) -> None:
        """Undo everything since the last commit."""
        await self._session.rollback()


U = TypeVar("U", bound=UnitOfWork)

UnitOfWorkFactory = Callable[[], AbstractAsyncContextManager[U]]
"""Opens a unit of work of its own, for jobs and sockets that outlive a request."""


def make_factory(database: Database, kind: Callable[[AsyncSession], U]) -> UnitOfWorkFactory[U]:
    """Return what opens a domain's units of work on a database."""

    @asynccontextmanager
    async def open_unit_of_work() -> AsyncIterator[U]:
        async with database.session() as session:
            yield kind(session)

    return open_unit_of_work
