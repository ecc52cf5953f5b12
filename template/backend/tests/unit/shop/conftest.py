"""The whole application on a shop and accounts in memory."""

from collections.abc import AsyncIterator

import httpx2
import pytest
from fastapi import FastAPI

from backend.accounts.api import services as account_services
from backend.accounts.models.customer import Customer
from backend.core.settings import Settings
from backend.main import create_app
from backend.shop.api import services as shop_services
from backend.tests.factories.accounts import CustomerFactory
from backend.tests.fakes.database import FakeDatabase
from backend.tests.fakes.shop.container import FakeShop
from backend.tests.fakes.shop.unit_of_work import FakeShopUnitOfWork
from backend.tests.fixtures.application import running


@pytest.fixture(scope="session")
def shop_app() -> FastAPI:
    """The application, built once because building it is slow."""
    return create_app(Settings(), database=FakeDatabase())


@pytest.fixture
def fake_shop() -> FakeShop:
    return FakeShop()


@pytest.fixture
def uow(fake_shop: FakeShop) -> FakeShopUnitOfWork:
    return fake_shop.uow


@pytest.fixture
async def client(shop_app: FastAPI, fake_shop: FakeShop) -> AsyncIterator[httpx2.AsyncClient]:
    """An anonymous client."""
    async with running(shop_app) as client:
        shop_app.state.accounts, shop_app.state.shop = fake_shop.accounts, fake_shop.shop
        for services in (account_services, shop_services):
            shop_app.dependency_overrides[services.get_unit_of_work] = lambda: fake_shop.uow
        yield client
        shop_app.dependency_overrides.clear()


@pytest.fixture
async def customer(fake_shop: FakeShop) -> Customer:
    customer = CustomerFactory.build()
    await fake_shop.uow.customers.add(customer)
    return customer


@pytest.fixture
async def admin(fake_shop: FakeShop) -> Customer:
    admin = CustomerFactory.build(admin=True)
    await fake_shop.uow.customers.add(admin)
    return admin


@pytest.fixture
def as_customer(fake_shop: FakeShop, customer: Customer) -> dict[str, str]:
    """Headers of a customer."""
    return {"Authorization": f"Bearer {fake_shop.token_for(customer)}"}


@pytest.fixture
def as_admin(fake_shop: FakeShop, admin: Customer) -> dict[str, str]:
    """Headers of an admin."""
    return {"Authorization": f"Bearer {fake_shop.token_for(admin)}"}
