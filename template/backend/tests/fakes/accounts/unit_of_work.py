"""The repositories of accounts in memory."""

from datetime import datetime
from uuid import UUID

from backend.accounts.models.customer import Customer, RefreshToken
from backend.accounts.paging import Page
from backend.accounts.repositories.customers import CustomerRepository, RefreshTokenRepository
from backend.accounts.repositories.unit_of_work import AccountsUnitOfWork
from backend.core.errors import ConflictError
from backend.tests.fakes.accounts.repositories import FakeRepository, Table, paginate
from backend.tests.fakes.clock import FakeClock


class FakeCustomers(FakeRepository, CustomerRepository):
    """Customers in memory."""

    def __init__(self, clock: FakeClock) -> None:
        self.table = Table[Customer](clock)

    async def add(self, customer: Customer) -> None:
        if await self.find_by_email(customer.email):
            raise ConflictError("This e-mail address is already taken.")
        self.table.put(customer)

    async def get(self, customer_id: UUID) -> Customer | None:
        return self.table.rows.get(customer_id)

    async def find_by_email(self, email: str) -> Customer | None:
        found = (row for row in self.table.rows.values() if row.email.lower() == email.lower())
        return next(found, None)

    async def list(
        self, *, is_active: bool | None = None, cursor: str | None = None, limit: int = 20
    ) -> Page[Customer]:
        rows = [row for row in self.table.rows.values() if is_active in {None, row.is_active}]
        return paginate(rows, cursor, limit)

    async def flush(self, customer: Customer) -> None:
        self.table.put(customer)


class FakeRefreshTokens(FakeRepository, RefreshTokenRepository):
    """Refresh tokens in memory."""

    def __init__(self, clock: FakeClock) -> None:
        self.table = Table[RefreshToken](clock)

    async def add(self, token: RefreshToken) -> None:
        self.table.put(token)

    async def lock(self, token_id: UUID) -> RefreshToken | None:
        return self.table.rows.get(token_id)

    async def revoke_family(self, family_id: UUID, at: datetime) -> None:
        for row in self.table.where(family_id=family_id, revoked_at=None):
            row.revoked_at = at

    async def revoke_all(self, customer_id: UUID, at: datetime) -> None:
        for row in self.table.where(customer_id=customer_id, revoked_at=None):
            row.revoked_at = at

    async def delete_expired(self, before: datetime) -> int:
        old = [key for key, row in self.table.rows.items() if row.expires_at < before]
        for key in old:
            del self.table.rows[key]
        return len(old)


class FakeAccountsUnitOfWork(AccountsUnitOfWork):
    """Applies changes at once; `commits` counts the commits."""

    customers: FakeCustomers
    refresh_tokens: FakeRefreshTokens

    def __init__(self, clock: FakeClock | None = None) -> None:
        self.clock = clock or FakeClock()
        self.customers = FakeCustomers(self.clock)
        self.refresh_tokens = FakeRefreshTokens(self.clock)
        self.commits = 0
        self.rollbacks = 0

    async def commit(self) -> None:
        """Count the call."""
        self.commits += 1

    async def rollback(self) -> None:
        """Count."""
        self.rollbacks += 1
