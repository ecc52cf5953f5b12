"""The whole application, with a shop in memory behind it."""

from collections.abc import AsyncIterator

import httpx2
import pytest
from fastapi import FastAPI

from backend.api.services import get_unit_of_work
from backend.core.settings import Settings
from backend.main import create_app
from backend.models.customer import Customer
from backend.models.product import Product
from backend.tests.factories import CustomerFactory, ProductFactory
from backend.tests.fakes.database import FakeDatabase
from backend.tests.fakes.shop import FakeShop
from backend.tests.fixtures.application import running


@pytest.fixture(scope="session")
def shop_app() -> FastAPI:
    """The application, built once: it takes longer than a test."""
    return create_app(Settings(), database=FakeDatabase())


@pytest.fixture
def fake() -> FakeShop:
    return FakeShop()


@pytest.fixture
async def client(shop_app: FastAPI, fake: FakeShop) -> AsyncIterator[httpx2.AsyncClient]:
    """Somebody who has not logged in."""
    async with running(shop_app) as client:
        shop_app.state.shop = fake.shop
        shop_app.dependency_overrides[get_unit_of_work] = lambda: fake.uow
        yield client
        shop_app.dependency_overrides.clear()


@pytest.fixture
async def customer(fake: FakeShop) -> Customer:
    customer = CustomerFactory.build()
    await fake.uow.customers.add(customer)
    return customer


@pytest.fixture
async def admin(fake: FakeShop) -> Customer:
    admin = CustomerFactory.build(admin=True)
    await fake.uow.customers.add(admin)
    return admin


@pytest.fixture
async def product(fake: FakeShop) -> Product:
    product = ProductFactory.build(name="Mug", stock=5)
    await fake.uow.products.add(product)
    return product


@pytest.fixture
def as_customer(fake: FakeShop, customer: Customer) -> dict[str, str]:
    """Headers of a customer."""
    return {"Authorization": f"Bearer {fake.token_for(customer)}"}


@pytest.fixture
def as_admin(fake: FakeShop, admin: Customer) -> dict[str, str]:
    """Headers of an admin."""
    return {"Authorization": f"Bearer {fake.token_for(admin)}"}
