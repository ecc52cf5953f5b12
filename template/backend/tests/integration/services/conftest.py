"""Services on real repositories, with a clock and a bus that the test controls."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.database import Database
from backend.repositories.unit_of_work import UnitOfWork, make_opener
from backend.services.shop import Shop
from backend.tests.fakes.shop import FakeShop


@dataclass(frozen=True)
class Bench:
    """The shop on the test's database; `fakes` are its parts that are not what is tested here."""

    shop: Shop
    fakes: FakeShop
    uow: UnitOfWork


@pytest.fixture
async def bench(integration_db: Database, db_session: AsyncSession) -> AsyncIterator[Bench]:
    """Real PostgreSQL below, a fake gateway beside, and a clock that stands at today's noon."""
    fakes = FakeShop()
    fakes.clock.now = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
    shop = replace(fakes.shop, open_unit_of_work=make_opener(integration_db))
    async with integration_db.session() as session:
        yield Bench(shop, fakes, UnitOfWork(session))
