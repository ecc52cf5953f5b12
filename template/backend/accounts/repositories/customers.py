"""Queries for customers and their refresh tokens."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from backend.accounts.models.customer import Customer, RefreshToken
from backend.accounts.paging import Page, fetch_page
from backend.core.errors import ConflictError


class CustomerRepository:
    """Customers."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, customer: Customer) -> None:
        """Insert a customer.

        Raises:
            ConflictError: The e-mail address is taken, regardless of case.
        """
        try:
            # The savepoint keeps the transaction usable after a unique violation.
            async with self._session.begin_nested():
                self._session.add(customer)
        except IntegrityError as error:
            raise ConflictError("This e-mail address is already taken.") from error

    async def get(self, customer_id: UUID) -> Customer | None:
        """Return one customer."""
        return await self._session.get(Customer, customer_id)

    async def find_by_email(self, email: str) -> Customer | None:
        """Return the customer with this e-mail address, regardless of case."""
        statement = select(Customer).where(func.lower(Customer.email) == email.lower())
        return await self._session.scalar(statement)

    async def list(
        self, *, is_active: bool | None = None, cursor: str | None = None, limit: int = 20
    ) -> Page[Customer]:
        """Return a page of customers, newest first."""
        statement = select(Customer)
        if is_active is not None:
            statement = statement.where(Customer.is_active.is_(is_active))
        key = (Customer.created_at, Customer.id)
        return await fetch_page(self._session, statement, key, cursor=cursor, limit=limit)

    async def flush(self, customer: Customer) -> None:
        """Flush changes and reload what the database computed."""
        await self._session.flush()
        await self._session.refresh(customer)


class RefreshTokenRepository:
    """Issued refresh tokens."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, token: RefreshToken) -> None:
        """Insert a token."""
        self._session.add(token)
        await self._session.flush()

    async def lock(self, token_id: UUID) -> RefreshToken | None:
        """Return a token and lock it, so that concurrent uses see each other."""
        statement = (
            select(RefreshToken)
            .where(RefreshToken.id == token_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        return await self._session.scalar(statement)

    async def revoke_family(self, family_id: UUID, at: datetime) -> None:
        """Revoke all tokens of one login."""
        await self._session.execute(
            update(RefreshToken)
            .where(RefreshToken.family_id == family_id, RefreshToken.revoked_at.is_(None))
            .values(revoked_at=at)
        )

    async def revoke_all(self, customer_id: UUID, at: datetime) -> None:
        """Revoke all tokens of a customer."""
        await self._session.execute(
            update(RefreshToken)
            .where(RefreshToken.customer_id == customer_id, RefreshToken.revoked_at.is_(None))
            .values(revoked_at=at)
        )

    async def delete_expired(self, before: datetime) -> int:
        """Delete tokens that expired before a given time; return how many."""
        statement = (
            delete(RefreshToken)
            .where(RefreshToken.expires_at < before)
            .returning(RefreshToken.id)
            .execution_options(synchronize_session=False)
        )
        return len((await self._session.scalars(statement)).all())
