"""When images are labelled, and when they fail."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from backend.features.inference.client import InferenceUnavailableError, Labels
from backend.features.inference.shop.models.labelling import ImageLabelling, LabellingStatus
from backend.features.inference.shop.services.labelling import (
    LabellingReport,
    LabellingService,
    LabellingSettings,
)
from backend.shop.adapters.media import DiskMediaStore
from backend.tests.fakes.clock import FakeClock
from backend.tests.fakes.features.inference.shop.labelling import FakeLabellingUnitOfWork, FakeModel

SETTINGS = LabellingSettings(labelling_max_attempts=3, labelling_backoff=10)


class LabellingContext:
    """A labelling service with its dependencies and uploaded images."""

    def __init__(self, folder: Path) -> None:
        self.uow = FakeLabellingUnitOfWork()
        self.store = DiskMediaStore(folder)
        self.model = FakeModel(self.uow)
        self.clock = FakeClock()
        self.service = LabellingService(
            self.uow, self.store, self.model, SETTINGS, self.clock, batch_size=4
        )

    async def upload(self, *contents: bytes) -> list[UUID]:
        ids = [uuid4() for _ in contents]
        for image_id, content in zip(ids, contents, strict=True):
            self.uow.labellings.images[image_id] = await self.store.save(content, ".png")
        return ids

    def row(self, image_id: UUID) -> ImageLabelling:
        return self.uow.labellings.rows[image_id]


@pytest.fixture
def context(tmp_path: Path) -> LabellingContext:
    return LabellingContext(tmp_path)


async def test_pending_images_are_labelled_in_batches_and_once(context: LabellingContext) -> None:
    contents = [f"picture {number}".encode() for number in range(10)]
    ids = await context.upload(*contents)
    assert await context.service.run() == LabellingReport(done=10)
    assert await context.service.run() == LabellingReport()
    assert context.model.asked == [contents[:4], contents[4:8], contents[8:]]
    assert context.row(ids[9]).status is LabellingStatus.DONE
    assert context.row(ids[9]).labels == [{"name": "picture 9", "score": 1}]


async def test_a_round_queues_a_limited_number_of_new_images(context: LabellingContext) -> None:
    await context.upload(b"one", b"two", b"three")
    assert await context.service.run(limit=2) == LabellingReport(done=2)
    assert await context.service.run(limit=2) == LabellingReport(done=1)


async def test_a_rejected_image_fails_at_once(context: LabellingContext) -> None:
    good, bad = await context.upload(b"good", b"bad")
    context.model.refuses.add(b"bad")
    assert await context.service.run() == LabellingReport(done=1, failed=1)
    assert context.row(good).status is LabellingStatus.DONE
    assert context.row(bad).status is LabellingStatus.FAILED
    assert context.row(bad).last_error == "The model service rejected this image."


@pytest.mark.parametrize(("answered", "is_well"), [(False, True), (True, False)])
async def test_without_the_service_images_wait_and_lose_no_attempt(
    answered: bool, is_well: bool, context: LabellingContext
) -> None:
    ids = await context.upload(*(str(number).encode() for number in range(6)))
    context.model.failure = InferenceUnavailableError(answered=answered)
    context.model.is_well = is_well
    for round_number in range(1, 5):
        assert await context.service.run() == LabellingReport(postponed=4)
        assert len(context.model.asked) == round_number, "a round goes on without the service"
    assert {context.row(image_id).attempts for image_id in ids} == {0}

    context.model.failure, context.model.is_well = None, True
    assert await context.service.run() == LabellingReport(done=6)


async def test_an_image_that_crashes_the_service_is_isolated_and_fails(
    context: LabellingContext,
) -> None:
    *_, bad = await context.upload(b"one", b"two", b"bad")
    context.model.breaks.add(b"bad")
    assert await context.service.run() == LabellingReport(postponed=3)
    context.clock.advance(9)
    assert await context.service.run() == LabellingReport(), "tried before its time"
    context.clock.advance(1)
    assert await context.service.run() == LabellingReport(done=2, postponed=1)
    context.clock.advance(19)
    assert await context.service.run() == LabellingReport(), "the wait was not doubled"
    context.clock.advance(1)
    assert await context.service.run() == LabellingReport(failed=1)
    assert context.model.asked[1:] == [[b"one"], [b"two"], [b"bad"], [b"bad"]]
    row = context.row(bad)
    assert (row.status, row.attempts) == (LabellingStatus.FAILED, 3)
    assert row.last_error == "It broke."


async def test_an_image_without_its_file_does_not_affect_the_others(
    context: LabellingContext,
) -> None:
    there, gone = await context.upload(b"there", b"gone")
    await context.store.delete(context.uow.labellings.images[gone])
    assert await context.service.run() == LabellingReport(done=1, postponed=1)
    assert context.row(there).status is LabellingStatus.DONE
    assert (context.row(gone).status, context.row(gone).attempts) == (LabellingStatus.PENDING, 1)
    assert "NotFoundError" in str(context.row(gone).last_error)


async def test_a_batch_longer_than_its_claim_is_cancelled(
    tmp_path: Path,
) -> None:
    context = LabellingContext(tmp_path)

    class Thinker(FakeModel):
        async def label(self, images: Sequence[bytes]) -> list[Labels | None]:
            await asyncio.Event().wait()
            raise AssertionError(images)

    (image_id,) = await context.upload(b"hard")
    service = LabellingService(
        context.uow, context.store, Thinker(context.uow), LabellingSettings(labelling_claim=0.01)
    )
    assert await service.run() == LabellingReport(postponed=1)
    assert context.row(image_id).attempts == 1
    assert context.row(image_id).last_error == "The batch took longer than LABELLING_CLAIM."


async def test_images_claimed_by_another_worker_are_left_alone(context: LabellingContext) -> None:
    (image_id,) = await context.upload(b"slow")
    later = context.clock.now + timedelta(hours=1)

    class Slow(FakeModel):
        async def label(self, images: Sequence[bytes]) -> list[Labels | None]:
            context.row(image_id).available_at = later  # another worker's claim
            return await super().label(images)

    service = LabellingService(
        context.uow, context.store, Slow(context.uow), SETTINGS, context.clock
    )
    assert await service.run() == LabellingReport()
    assert context.row(image_id).status is LabellingStatus.PENDING
    assert context.row(image_id).available_at == later
