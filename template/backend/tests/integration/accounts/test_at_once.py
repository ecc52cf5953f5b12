"""Concurrent requests."""

import httpx2
import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.accounts.adapters.security import TokenKind
from backend.accounts.models.customer import Customer, RefreshToken
from backend.accounts.services.container import AccountsContainer
from backend.tests.async_utils import simulate_concurrent_requests
from backend.tests.factories.accounts import RefreshTokenFactory

pytestmark = pytest.mark.usefixtures("accounts")  # with fast password hashes


async def test_a_refresh_token_used_twice_concurrently_counts_as_copied(
    client: httpx2.AsyncClient, accounts: AccountsContainer, db_session: AsyncSession
) -> None:
    known = await RefreshTokenFactory.create(db_session)
    token = accounts.tokens.issue(TokenKind.REFRESH, subject=known.customer_id, token_id=known.id)
    run = await simulate_concurrent_requests(
        lambda _: client.post("/api/v1/auth/refresh", json={"refresh_token": token}), count=2
    )
    assert sorted(answer.status_code for answer in run.results) == [200, 401]
    live = select(func.count()).select_from(RefreshToken).where(RefreshToken.revoked_at.is_(None))
    assert await db_session.scalar(live) == 0, "the winner's next token is revoked too"


async def test_five_concurrent_registrations_create_one_account(
    client: httpx2.AsyncClient, accounts: AccountsContainer, db_session: AsyncSession
) -> None:
    body = {"email": "ann@example.com", "password": "long enough 1", "full_name": "Ann"}
    run = await simulate_concurrent_requests(
        lambda _: client.post("/api/v1/auth/register", json=body), count=5
    )
    assert [answer.status_code for answer in run.results] == [202] * 5
    assert await db_session.scalar(select(func.count()).select_from(Customer)) == 1


async def test_concurrent_attempts_have_the_same_limit(
    client: httpx2.AsyncClient, customer: Customer
) -> None:
    guess = {"email": customer.email, "password": "a guess"}
    run = await simulate_concurrent_requests(
        lambda _: client.post("/api/v1/auth/login", json=guess), count=8
    )
    assert sorted(answer.status_code for answer in run.results) == [401] * 5 + [429] * 3
