"""The repositories of accounts on one session."""

from sqlalchemy.ext.asyncio import AsyncSession

from backend.accounts.repositories.customers import CustomerRepository, RefreshTokenRepository
from backend.core.unit_of_work import UnitOfWork


class AccountsUnitOfWork(UnitOfWork):
    """The unit of work of the account services."""

    def __init__(self, session: AsyncSession) -> None:
        super().__init__(session)
        self.customers = CustomerRepository(session)
        self.refresh_tokens = RefreshTokenRepository(session)
