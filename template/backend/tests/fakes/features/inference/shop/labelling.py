"""The queue of images in memory, and a fake model service."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID

from backend.features.inference.client import Health, InferenceUnavailableError, Label, Labels
from backend.features.inference.shop.models.labelling import ImageLabelling, LabellingStatus
from backend.features.inference.shop.repositories.labellings import (
    LabellingRepository,
    LabellingUnitOfWork,
)
from backend.tests.fakes.accounts.repositories import FakeRepository


class FakeLabellings(FakeRepository, LabellingRepository):
    """`images`: file names of uploaded images by id."""

    def __init__(self) -> None:
        self.images: dict[UUID, str] = {}
        self.rows: dict[UUID, ImageLabelling] = {}

    async def enqueue(self, *, limit: int) -> None:
        unseen = [image_id for image_id in self.images if image_id not in self.rows]
        for image_id in unseen[:limit]:
            self.rows[image_id] = ImageLabelling(
                image_id=image_id, status=LabellingStatus.PENDING, labels=[], attempts=0
            )

    async def claim(
        self, now: datetime, until: datetime, *, limit: int
    ) -> Sequence[tuple[UUID, str]]:
        due = [
            row
            for row in self.rows.values()
            if row.status is LabellingStatus.PENDING
            and (row.available_at is None or row.available_at <= now)
        ]
        due = sorted(due, key=lambda row: row.attempts)[:limit]
        taken = [row for row in due if not row.attempts] or due[:1]
        for row in taken:
            row.available_at = until
        return [(row.image_id, self.images[row.image_id]) for row in taken]

    async def lock_claimed(
        self, image_ids: Sequence[UUID], until: datetime
    ) -> dict[UUID, ImageLabelling]:
        rows = (self.rows[image_id] for image_id in image_ids if image_id in self.rows)
        return {row.image_id: row for row in rows if row.available_at == until}

    async def list(self, product_id: UUID) -> Sequence[ImageLabelling]:
        raise NotImplementedError("no product is known here")


class FakeLabellingUnitOfWork(LabellingUnitOfWork):
    """Counts open units of work."""

    labellings: FakeLabellings

    def __init__(self) -> None:
        self.labellings = FakeLabellings()
        self.open = 0

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[LabellingUnitOfWork]:
        """Return itself."""
        self.open += 1
        yield self
        self.open -= 1

    async def commit(self) -> None:
        """Do nothing: rows are changed in place."""


class FakeModel:
    """Labels an image with its text.

    Attributes:
        asked: The received batches.
        refuses: Images that it rejects.
        breaks: Images that make it fail.
        failure: Raised for every batch.
        is_well: Whether it is healthy.
    """

    def __init__(self, uow: FakeLabellingUnitOfWork) -> None:
        self.asked: list[list[bytes]] = []
        self.refuses: set[bytes] = set()
        self.breaks: set[bytes] = set()
        self.failure: InferenceUnavailableError | None = None
        self.is_well = True
        self._uow = uow

    async def health(self) -> Health:
        """Return the health, or raise."""
        if not self.is_well:
            raise InferenceUnavailableError(answered=True)
        return Health(model="fake")

    async def label(self, images: Sequence[bytes]) -> list[Labels | None]:
        """Label the images."""
        assert self._uow.open == 0, "a transaction is open while the model thinks"
        self.asked.append(list(images))
        if self.failure is not None:
            raise self.failure
        if self.breaks.intersection(images):
            raise InferenceUnavailableError(answered=True, reason="It broke.")
        return [
            None if image in self.refuses else [Label(name=image.decode(), score=1)]
            for image in images
        ]
