"""A shop in memory."""

import pytest

from backend.models.customer import Customer
from backend.tests.factories import CustomerFactory
from backend.tests.fakes.shop import FakeShop
from backend.tests.fakes.unit_of_work import FakeUnitOfWork


@pytest.fixture
def fake() -> FakeShop:
    return FakeShop()


@pytest.fixture
def uow(fake: FakeShop) -> FakeUnitOfWork:
    return fake.uow


@pytest.fixture
async def customer(uow: FakeUnitOfWork) -> Customer:
    customer = CustomerFactory.build()
    await uow.customers.add(customer)
    return customer


@pytest.fixture
async def admin(uow: FakeUnitOfWork) -> Customer:
    admin = CustomerFactory.build(admin=True)
    await uow.customers.add(admin)
    return admin
