"""Each test here runs twice: on real queries, and on the fakes that stand for them elsewhere."""

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from backend.repositories.unit_of_work import UnitOfWork
from backend.tests.fakes.unit_of_work import FakeUnitOfWork


@pytest.fixture(params=["sqlite", "memory"])
def uow(request: pytest.FixtureRequest) -> UnitOfWork:
    """All repositories, with nothing in them."""
    if request.param == "memory":
        return FakeUnitOfWork()
    session: AsyncSession = request.getfixturevalue("sqlite_session")
    return UnitOfWork(session)
