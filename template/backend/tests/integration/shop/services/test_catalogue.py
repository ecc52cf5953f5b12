"""Expiry and invalidation of the cached list."""

from decimal import Decimal

from pytest_greenfield.query_log import QueryLog
from sqlalchemy.ext.asyncio import AsyncSession

from backend.shop.repositories.products import ProductFilter
from backend.tests.factories.shop import ProductFactory
from backend.tests.integration.shop.services.conftest import ServiceContext


async def stocks(bench: ServiceContext) -> list[int]:
    page = await bench.shop.catalogue(bench.uow).list(ProductFilter())
    return [product.stock for product in page.items]


async def test_is_read_once_until_it_expires(
    bench: ServiceContext, db_session: AsyncSession, query_log: QueryLog
) -> None:
    product = await ProductFactory.create(db_session, stock=5)
    assert await stocks(bench) == [5]
    product.stock = 4
    await db_session.commit()
    query_log.clear()

    bench.fakes.clock.advance(9.9)
    assert await stocks(bench) == [5], "within its time to live the cache answers"
    assert query_log.count == 0

    bench.fakes.clock.advance(0.1)
    await bench.uow.rollback()
    assert await stocks(bench) == [4]


async def test_a_change_of_the_catalogue_clears_it(
    bench: ServiceContext, db_session: AsyncSession
) -> None:
    product = await ProductFactory.create(db_session, stock=5)
    assert await stocks(bench) == [5]
    await bench.shop.catalogue(bench.uow).change(product.id, {"stock": 1, "price": Decimal(2)})
    assert await stocks(bench) == [1]


async def test_each_query_has_its_own_entry(
    bench: ServiceContext, db_session: AsyncSession
) -> None:
    await ProductFactory.create(db_session, stock=5, name="Mug")
    catalogue = bench.shop.catalogue(bench.uow)
    assert len((await catalogue.list(ProductFilter(search="mug"))).items) == 1
    assert len((await catalogue.list(ProductFilter(search="tea"))).items) == 0
