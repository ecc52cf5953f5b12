"""The repositories of the shop, and of accounts, on one session."""

from sqlalchemy.ext.asyncio import AsyncSession

from backend.accounts.repositories.unit_of_work import AccountsUnitOfWork
from backend.shop.repositories.orders import OrderRepository
from backend.shop.repositories.outbox import OutboxRepository
from backend.shop.repositories.payments import PaymentRepository
from backend.shop.repositories.products import ProductImageRepository, ProductRepository
from backend.shop.repositories.reports import ReportRepository


class ShopUnitOfWork(AccountsUnitOfWork):
    """The unit of work of the shop's services."""

    def __init__(self, session: AsyncSession) -> None:
        super().__init__(session)
        self.products = ProductRepository(session)
        self.images = ProductImageRepository(session)
        self.orders = OrderRepository(session)
        self.payments = PaymentRepository(session)
        self.outbox = OutboxRepository(session)
        self.reports = ReportRepository(session)
