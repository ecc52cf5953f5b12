"""Accounts in the application's lifespan."""

import pytest
from fastapi import FastAPI
from pydantic import ValidationError

from backend.accounts.domain import lifespan, make_jobs
from backend.accounts.services.container import AccountsContainer
from backend.core.settings import Settings
from backend.main import create_app
from backend.tests.factories.accounts import RefreshTokenFactory
from backend.tests.fakes.accounts.container import FakeAccounts
from backend.tests.fakes.database import FakeDatabase


async def test_each_lifespan_has_its_own_limiter(accounts_app: FastAPI) -> None:
    accounts_app.state.database = FakeDatabase()
    limiters = []
    for _ in range(2):
        async with lifespan(accounts_app):
            parts: AccountsContainer = accounts_app.state.accounts
            limiters.append(parts.login_limiter)
    assert limiters[0] is not limiters[1]


async def test_its_job_deletes_expired_tokens(
    accounts_app: FastAPI, fake_accounts: FakeAccounts
) -> None:
    accounts_app.state.accounts = fake_accounts.accounts
    await fake_accounts.uow.refresh_tokens.add(
        RefreshTokenFactory.build(expires_at=fake_accounts.clock.now)
    )
    fake_accounts.clock.advance(1)
    for job in make_jobs(accounts_app).values():
        await job()
    assert fake_accounts.uow.refresh_tokens.table.rows == {}


def test_an_app_with_a_weak_key_is_not_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVIRONMENT", "production")
    settings = Settings(environment="production", database_url="postgresql://h/app")
    with pytest.raises(ValidationError, match="AUTH_SIGNING_KEY"):
        create_app(settings, database=FakeDatabase())
