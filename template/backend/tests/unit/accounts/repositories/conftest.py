"""Each test here runs twice: on real repositories (SQLite), and on their fakes."""

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from backend.accounts.repositories.unit_of_work import AccountsUnitOfWork
from backend.tests.fakes.accounts.unit_of_work import FakeAccountsUnitOfWork


@pytest.fixture(params=["sqlite", "memory"])
def uow(request: pytest.FixtureRequest) -> AccountsUnitOfWork:
    """All repositories, empty."""
    if request.param == "memory":
        return FakeAccountsUnitOfWork()
    session: AsyncSession = request.getfixturevalue("sqlite_session")
    return AccountsUnitOfWork(session)
