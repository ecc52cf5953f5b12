"""The queue in the database, with several workers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.database import Database
from backend.core.unit_of_work import UnitOfWorkFactory, make_factory
from backend.features.inference.shop.models.labelling import ImageLabelling
from backend.features.inference.shop.repositories.labellings import LabellingUnitOfWork
from backend.shop.models.product import ProductImage
from backend.tests.async_utils import async_timeout
from backend.tests.factories.shop import ProductImageFactory

NOW = datetime(2026, 1, 1, tzinfo=UTC)
UNTIL = NOW + timedelta(minutes=2)
LATER = UNTIL + timedelta(seconds=1)

OpenUnitOfWork = UnitOfWorkFactory[LabellingUnitOfWork]


@pytest.fixture
def open_uow(integration_db: Database) -> OpenUnitOfWork:
    """Opens a worker's unit of work on a separate connection."""
    return make_factory(integration_db, LabellingUnitOfWork)


@pytest.fixture
async def images(db_session: AsyncSession, open_uow: OpenUnitOfWork) -> list[ProductImage]:
    """Six images in the queue."""
    images = await ProductImageFactory.create_batch(db_session, 6)
    async with open_uow() as uow:
        await uow.labellings.enqueue(limit=100)
        await uow.commit()
    return images


async def test_an_image_is_queued_once_and_deleted_with_its_row(
    images: list[ProductImage], open_uow: OpenUnitOfWork, db_session: AsyncSession
) -> None:
    async with open_uow() as first, open_uow() as second:
        await first.labellings.enqueue(limit=100)
        async with async_timeout(2, "the other worker's turn"):
            await second.labellings.enqueue(limit=100)
        await first.commit()
        await second.commit()
    assert set(await db_session.scalars(select(ImageLabelling.image_id))) == {
        image.id for image in images
    }
    await db_session.execute(delete(ProductImage))
    await db_session.commit()
    assert (await db_session.scalars(select(ImageLabelling))).all() == []


async def test_an_image_being_deleted_blocks_no_worker(
    open_uow: OpenUnitOfWork, db_session: AsyncSession
) -> None:
    going, staying = await ProductImageFactory.create_batch(db_session, 2)
    await db_session.execute(delete(ProductImage).where(ProductImage.id == going.id))
    async with open_uow() as uow, async_timeout(2, "queuing"):
        await uow.labellings.enqueue(limit=100)
        await uow.commit()
    await db_session.commit()
    assert (await db_session.scalars(select(ImageLabelling.image_id))).all() == [staying.id]


async def test_two_workers_share_the_images_without_waiting(
    images: list[ProductImage], open_uow: OpenUnitOfWork
) -> None:
    async with open_uow() as first, open_uow() as second, async_timeout(2, "claiming"):
        mine = await first.labellings.claim(NOW, UNTIL, limit=4)
        theirs = await second.labellings.claim(NOW, UNTIL, limit=4)
        await first.commit()
        await second.commit()
        assert await second.labellings.claim(NOW, UNTIL, limit=4) == []
    assert (len(mine), len(theirs)) == (4, 2)
    assert dict([*mine, *theirs]) == {image.id: image.name for image in images}


async def test_an_expired_claim_goes_to_another_worker(
    images: list[ProductImage], open_uow: OpenUnitOfWork
) -> None:
    async with open_uow() as uow:
        gone = await uow.labellings.claim(NOW, UNTIL, limit=10)
        await uow.commit()
        assert await uow.labellings.claim(NOW, UNTIL, limit=10) == []
        until = LATER + timedelta(minutes=2)
        assert await uow.labellings.claim(LATER, until, limit=10) == gone
        await uow.commit()
        # The first worker returns: the images are no longer its own.
        ids = [image.id for image in images]
        assert await uow.labellings.lock_claimed(ids, UNTIL) == {}
        assert (await uow.labellings.lock_claimed(ids, until)).keys() == set(ids)


async def test_a_failed_image_comes_last_and_alone(
    images: list[ProductImage], open_uow: OpenUnitOfWork, db_session: AsyncSession
) -> None:
    for image in images[:2]:
        row = await db_session.get(ImageLabelling, image.id)
        assert row is not None
        row.attempts = 1
    await db_session.commit()
    async with open_uow() as uow:
        claims = [await uow.labellings.claim(NOW, UNTIL, limit=10) for _ in range(4)]
    assert [{image_id for image_id, _ in claim} for claim in claims] == [
        {image.id for image in images[2:]},
        {images[0].id},
        {images[1].id},
        set(),
    ]
