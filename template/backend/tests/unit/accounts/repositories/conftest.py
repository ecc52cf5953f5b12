"""Each test here runs twice: on real queries, and on the fakes that stand for them elsewhere."""

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from backend.accounts.repositories.unit_of_work import AccountsUnitOfWork
from backend.tests.fakes.accounts.unit_of_work import FakeAccountsUnitOfWork


@pytest.fixture(params=["sqlite", "memory"])
def uow(request: pytest.FixtureRequest) -> AccountsUnitOfWork:
    """All repositories, with nothing in them."""
    if request.param == "memory":
        return FakeAccountsUnitOfWork()
    session: AsyncSession = request.getfixturevalue("sqlite_session")
    return AccountsUnitOfWork(session)
