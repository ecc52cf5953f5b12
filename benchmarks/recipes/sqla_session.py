"""What a project that uses pytest-sqla has in its conftest, as in its README's part on FastAPI."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from backend.core.api.dependencies import get_session
from recipes.types import Overrides


@pytest.fixture(scope="session")
def sqla_async_url(worker_url: str) -> str:
    """The process's database."""
    return worker_url


@pytest.fixture(scope="session")
def sqla_url(worker_url: str) -> str:
    """The same database."""
    return worker_url


@pytest.fixture(scope="session")
def sqla_schema() -> None:
    """The tables are there, those of the other recipes."""


@pytest.fixture(scope="session")
def sqla_session_options() -> dict[str, Any]:
    """As the application's own sessions."""
    return {"expire_on_commit": False}


@pytest.fixture
def db_session(sqla_async_session: AsyncSession) -> AsyncSession:
    """A session of the test."""
    return sqla_async_session


@pytest.fixture
def overrides(sqla_async_sessionmaker: async_sessionmaker[AsyncSession]) -> Overrides:
    """Each request has a session of its own in the test's transaction."""

    async def given() -> AsyncIterator[AsyncSession]:
        async with sqla_async_sessionmaker() as session:
            yield session

    return {get_session: given}
