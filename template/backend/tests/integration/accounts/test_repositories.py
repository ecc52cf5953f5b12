"""Queries that need the real database."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from backend.accounts.repositories.unit_of_work import AccountsUnitOfWork
from backend.core.errors import ConflictError
from backend.tests.factories.accounts import CustomerFactory, RefreshTokenFactory

MARCH = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def uow(db_session: AsyncSession) -> AccountsUnitOfWork:
    """All repositories on the test's session."""
    return AccountsUnitOfWork(db_session)


async def test_after_a_duplicate_the_transaction_is_usable(
    uow: AccountsUnitOfWork, db_session: AsyncSession
) -> None:
    ann = await CustomerFactory.create(db_session, email="ann@example.com")
    with pytest.raises(ConflictError):
        await uow.customers.add(CustomerFactory.build(email="ANN@example.com"))
    assert await uow.customers.find_by_email("Ann@Example.com") is ann


async def test_only_expired_tokens_are_deleted(
    uow: AccountsUnitOfWork, db_session: AsyncSession
) -> None:
    for days in (-2, -1, 0, 1):
        await RefreshTokenFactory.create(db_session, expires_at=MARCH + timedelta(days=days))
    assert await uow.refresh_tokens.delete_expired(MARCH) == 2
    assert await uow.refresh_tokens.delete_expired(MARCH) == 0
