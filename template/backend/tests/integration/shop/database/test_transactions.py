"""Nested transactions, clocks, streams, and an independent inner commit."""

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.database import Database
from backend.shop.models.product import Product
from backend.tests.factories.shop import ProductFactory


async def skus(session: AsyncSession) -> list[str]:
    return list(await session.scalars(select(Product.sku).order_by(Product.sku)))


async def test_a_duplicate_rolls_back_only_the_nested_transaction(
    integration_db: Database,
) -> None:
    async with integration_db.session() as session:
        for sku in ("ONE", "ONE", "TWO"):
            try:
                async with session.begin_nested():
                    session.add(ProductFactory.build(sku=sku))
            except IntegrityError:
                continue
        await session.commit()
        assert await skus(session) == ["ONE", "TWO"]


async def test_rows_of_one_transaction_have_different_times(db_session: AsyncSession) -> None:
    first, second = await ProductFactory.create_batch(db_session, 2)
    assert first.created_at < second.created_at
    before = first.updated_at
    first.stock += 1
    await db_session.flush()
    await db_session.refresh(first)
    assert first.updated_at > before


async def test_rows_can_be_streamed_by_an_async_generator(db_session: AsyncSession) -> None:
    await ProductFactory.create_batch(db_session, 5)
    stream = await db_session.stream_scalars(
        select(Product.sku).order_by(Product.created_at).execution_options(yield_per=2)
    )
    batches = [len(batch) async for batch in stream.partitions()]
    assert batches == [2, 2, 1]


async def test_an_inner_commit_survives_the_outer_rollback(integration_db: Database) -> None:
    async with integration_db.session() as outer:
        outer.add(ProductFactory.build(sku="OUTER"))
        await outer.flush()
        async with integration_db.session() as inner:
            await ProductFactory.create(inner, sku="INNER")
        await outer.rollback()
    async with integration_db.session() as later:
        assert await skus(later) == ["INNER"]


@pytest.mark.parametrize("run", ["first", "second"])
async def test_each_test_begins_with_empty_tables(
    run: str, db_session: AsyncSession, integration_db: Database
) -> None:
    assert await db_session.scalar(select(func.count()).select_from(Product)) == 0
    async with integration_db.session() as application:
        await ProductFactory.create(application, sku="THE-SAME")
