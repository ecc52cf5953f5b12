"""Label queued images."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from pydantic import Field

from backend.core.clock import Clock, utc_now
from backend.core.errors import NotFoundError, UnavailableError
from backend.core.settings import AppSettings
from backend.features.inference.client import InferenceUnavailableError, Labels, ModelService
from backend.features.inference.shop.models.labelling import ImageLabelling, LabellingStatus
from backend.features.inference.shop.repositories.labellings import LabellingUnitOfWork
from backend.shop.adapters.media import MediaStore

logger = structlog.stdlib.get_logger(__name__)


class LabellingSettings(AppSettings):
    """Limits of the labelling job."""

    labelling_max_attempts: int = Field(default=5, ge=1)
    labelling_backoff: float = Field(default=60.0, ge=0, description="Seconds, doubled each time.")
    labelling_claim: float = Field(default=120.0, gt=0, description="Seconds per batch.")


@dataclass(slots=True)
class LabellingReport:
    """The number of images labelled, to be retried, and failed."""

    done: int = 0
    postponed: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class _Claim:
    """Images that this worker has claimed until a given time; then another one may."""

    until: datetime
    names: dict[UUID, str]


@dataclass(slots=True)
class _Outcome:
    """The results of a claim; an image without result is released unchanged."""

    labels: dict[UUID, Labels] = field(default_factory=dict)
    refused: set[UUID] = field(default_factory=set)
    errors: dict[UUID, str] = field(default_factory=dict)


class LabellingService:
    """Processes the queue, without an open transaction while it waits for the model service.

    While the service is unavailable, images wait and no attempt is counted. An image that fails
    while the service is healthy is retried alone with exponential backoff, until `max_attempts`.
    """

    def __init__(
        self,
        open_unit_of_work: Callable[[], AbstractAsyncContextManager[LabellingUnitOfWork]],
        store: MediaStore,
        model: ModelService,
        settings: LabellingSettings,
        clock: Clock = utc_now,
        *,
        batch_size: int = 8,
    ) -> None:
        self._open = open_unit_of_work
        self._store = store
        self._model = model
        self._settings = settings
        self._clock = clock
        self._batch_size = batch_size

    async def run(self, *, limit: int = 1000) -> LabellingReport:
        """Queue at most `limit` new images, and label due ones while the service answers."""
        async with self._open() as uow:
            await uow.labellings.enqueue(limit=limit)
            await uow.commit()
        report = LabellingReport()
        while claim := await self._claim():
            outcome = _Outcome()
            is_well = await self._ask(claim, outcome)
            await self._write(claim, outcome, report)
            if not is_well:
                break
        return report

    async def _claim(self) -> _Claim | None:
        now = self._clock()
        until = now + timedelta(seconds=self._settings.labelling_claim)
        async with self._open() as uow:
            rows = await uow.labellings.claim(now, until, limit=self._batch_size)
            await uow.commit()
        return _Claim(until, dict(rows)) if rows else None

    async def _ask(self, claim: _Claim, outcome: _Outcome) -> bool:
        """Request the labels of the images; return whether the service is healthy."""
        images: dict[UUID, bytes] = {}
        for image_id, name in claim.names.items():
            try:
                images[image_id] = await self._store.read(name)
            except (NotFoundError, UnavailableError, OSError) as error:
                outcome.errors[image_id] = repr(error)
        try:
            # Not for longer than the claim is valid.
            async with asyncio.timeout(self._settings.labelling_claim):
                answers = await self._model.label(list(images.values()))
        except InferenceUnavailableError as error:
            if not error.answered or not await self._is_well():
                return False
            outcome.errors |= dict.fromkeys(images, error.reason)
            return True
        except TimeoutError:
            outcome.errors |= dict.fromkeys(images, "The batch took longer than LABELLING_CLAIM.")
            return await self._is_well()
        for image_id, labels in zip(images, answers, strict=True):
            if labels is None:
                outcome.refused.add(image_id)
            else:
                outcome.labels[image_id] = labels
        return True

    async def _is_well(self) -> bool:
        """Return whether the service is healthy: if so, the images made it fail."""
        try:
            await self._model.health()
        except InferenceUnavailableError:
            return False
        return True

    async def _write(self, claim: _Claim, outcome: _Outcome, report: LabellingReport) -> None:
        async with self._open() as uow:
            rows = await uow.labellings.lock_claimed(list(claim.names), claim.until)
            for image_id, row in rows.items():
                row.available_at = None
                if image_id in outcome.labels:
                    row.labels = [label.model_dump() for label in outcome.labels[image_id]]
                    row.status = LabellingStatus.DONE
                    row.last_error = None
                    report.done += 1
                elif image_id in outcome.refused:
                    self._give_up(row, "The model service rejected this image.", report)
                elif error := outcome.errors.get(image_id):
                    self._on_failure(row, error[:500], report)
                else:
                    report.postponed += 1
            await uow.commit()

    def _on_failure(self, row: ImageLabelling, error: str, report: LabellingReport) -> None:
        row.attempts += 1
        if row.attempts >= self._settings.labelling_max_attempts:
            self._give_up(row, error, report)
            return
        row.last_error = error
        wait = timedelta(seconds=self._settings.labelling_backoff) * 2 ** (row.attempts - 1)
        row.available_at = self._clock() + wait
        report.postponed += 1

    def _give_up(self, row: ImageLabelling, error: str, report: LabellingReport) -> None:
        row.status = LabellingStatus.FAILED
        row.last_error = error
        report.failed += 1
        logger.error("labelling.failed", image_id=str(row.image_id), error=error)
