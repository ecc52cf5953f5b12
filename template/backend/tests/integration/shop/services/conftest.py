"""Services on real repositories, with a fake clock and bus."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.database import Database
from backend.core.unit_of_work import make_factory
from backend.shop.repositories.unit_of_work import ShopUnitOfWork
from backend.shop.services.container import ShopContainer
from backend.tests.fakes.shop.container import FakeShop


@dataclass(frozen=True)
class ServiceContext:
    """The shop on the test's database; `fakes` are its other dependencies."""

    shop: ShopContainer
    fakes: FakeShop
    uow: ShopUnitOfWork


@pytest.fixture
async def bench(
    integration_db: Database, db_session: AsyncSession
) -> AsyncIterator[ServiceContext]:
    """A real PostgreSQL, a fake gateway, and a clock set to today's noon."""
    fakes = FakeShop()
    fakes.clock.now = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
    shop = replace(fakes.shop, open_unit_of_work=make_factory(integration_db, ShopUnitOfWork))
    async with integration_db.session() as session:
        yield ServiceContext(shop, fakes, ShopUnitOfWork(session))
