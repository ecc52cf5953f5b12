"""The whole application on accounts in memory."""

from collections.abc import AsyncIterator

import argon2
import httpx2
import pytest
from argon2.exceptions import VerifyMismatchError
from fastapi import FastAPI

from backend.accounts.api import services
from backend.accounts.models.customer import Customer
from backend.core.settings import Settings
from backend.main import create_app
from backend.tests.factories.accounts import CustomerFactory
from backend.tests.fakes.accounts.container import FakeAccounts
from backend.tests.fakes.accounts.unit_of_work import FakeAccountsUnitOfWork
from backend.tests.fakes.database import FakeDatabase
from backend.tests.fixtures.application import running


@pytest.fixture(scope="session")
def accounts_app() -> FastAPI:
    """The application, built once because building it is slow."""
    return create_app(Settings(), database=FakeDatabase())


@pytest.fixture
def fake_accounts() -> FakeAccounts:
    return FakeAccounts()


@pytest.fixture
def argon2_calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Recorded argon2 calls: hash or verify, with their parameters."""
    calls: list[tuple[str, str]] = []
    make, verify = argon2.PasswordHasher.hash, argon2.PasswordHasher.verify

    def counted_hash(self: argon2.PasswordHasher, password: str) -> str:
        made = make(self, password)
        calls.append(("hash", made.split("$")[3]))
        return made

    def counted_verify(self: argon2.PasswordHasher, known: str, password: str) -> bool:
        try:
            return verify(self, known, password)
        except VerifyMismatchError:
            calls.append(("verify", known.split("$")[3]))
            raise

    monkeypatch.setattr(argon2.PasswordHasher, "hash", counted_hash)
    monkeypatch.setattr(argon2.PasswordHasher, "verify", counted_verify)
    return calls


@pytest.fixture
def uow(fake_accounts: FakeAccounts) -> FakeAccountsUnitOfWork:
    return fake_accounts.uow


@pytest.fixture
async def client(
    accounts_app: FastAPI, fake_accounts: FakeAccounts
) -> AsyncIterator[httpx2.AsyncClient]:
    """An anonymous client."""
    async with running(accounts_app) as client:
        accounts_app.state.accounts = fake_accounts.accounts
        accounts_app.dependency_overrides[services.get_unit_of_work] = lambda: fake_accounts.uow
        yield client
        accounts_app.dependency_overrides.clear()


@pytest.fixture
async def customer(fake_accounts: FakeAccounts) -> Customer:
    customer = CustomerFactory.build()
    await fake_accounts.uow.customers.add(customer)
    return customer


@pytest.fixture
async def admin(fake_accounts: FakeAccounts) -> Customer:
    admin = CustomerFactory.build(admin=True)
    await fake_accounts.uow.customers.add(admin)
    return admin


@pytest.fixture
def as_customer(fake_accounts: FakeAccounts, customer: Customer) -> dict[str, str]:
    """Headers of a customer."""
    return {"Authorization": f"Bearer {fake_accounts.token_for(customer)}"}


@pytest.fixture
def as_admin(fake_accounts: FakeAccounts, admin: Customer) -> dict[str, str]:
    """Headers of an admin."""
    return {"Authorization": f"Bearer {fake_accounts.token_for(admin)}"}
