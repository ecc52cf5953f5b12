"""One transaction's worth of work: all repositories on one session."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.database import Database
from backend.repositories.customers import CustomerRepository, RefreshTokenRepository
from backend.repositories.orders import OrderRepository
from backend.repositories.outbox import OutboxRepository
from backend.repositories.payments import PaymentRepository
from backend.repositories.products import ProductImageRepository, ProductRepository
from backend.repositories.reports import ReportRepository


class UnitOfWork:
    """What a service works on. The service commits; what it did not commit never happened."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session
        self.customers = CustomerRepository(session)
        self.refresh_tokens = RefreshTokenRepository(session)
        self.products = ProductRepository(session)
        self.images = ProductImageRepository(session)
        self.orders = OrderRepository(session)
        self.payments = PaymentRepository(session)
        self.outbox = OutboxRepository(session)
        self.reports = ReportRepository(session)

    async def commit(self) -> None:
        """Make it so. The next query begins a new transaction."""
        await self._session.commit()

    async def rollback(self) -> None:
        """Undo everything since the last commit."""
        await self._session.rollback()


OpenUnitOfWork = Callable[[], AbstractAsyncContextManager[UnitOfWork]]
"""Opens a unit of work of its own, for jobs and sockets that outlive a request."""


def make_opener(database: Database) -> OpenUnitOfWork:
    """Return what opens units of work on a database."""

    @asynccontextmanager
    async def open_unit_of_work() -> AsyncIterator[UnitOfWork]:
        async with database.session() as session:
            yield UnitOfWork(session)

    return open_unit_of_work
