"""Each test here runs twice: on real repositories (SQLite), and on their fakes."""

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from backend.shop.repositories.unit_of_work import ShopUnitOfWork
from backend.tests.fakes.shop.unit_of_work import FakeShopUnitOfWork


@pytest.fixture(params=["sqlite", "memory"])
def uow(request: pytest.FixtureRequest) -> ShopUnitOfWork:
    """All repositories, empty."""
    if request.param == "memory":
        return FakeShopUnitOfWork()
    session: AsyncSession = request.getfixturevalue("sqlite_session")
    return ShopUnitOfWork(session)
