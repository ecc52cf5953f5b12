"""Each test here runs twice: on real queries, and on the fakes that stand for them elsewhere."""

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from backend.shop.repositories.unit_of_work import ShopUnitOfWork
from backend.tests.fakes.shop.unit_of_work import FakeShopUnitOfWork


@pytest.fixture(params=["sqlite", "memory"])
def uow(request: pytest.FixtureRequest) -> ShopUnitOfWork:
    """All repositories, with nothing in them."""
    if request.param == "memory":
        return FakeShopUnitOfWork()
    session: AsyncSession = request.getfixturevalue("sqlite_session")
    return ShopUnitOfWork(session)
