"""Publish events from the outbox."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import structlog

from backend.accounts.paging import Page
from backend.core.clock import Clock, utc_now
from backend.core.errors import ConflictError, NotFoundError, UnavailableError
from backend.shop.adapters.events import Event, EventBus
from backend.shop.models.outbox import OutboxEvent, OutboxStatus
from backend.shop.repositories.unit_of_work import ShopUnitOfWork

logger = structlog.stdlib.get_logger(__name__)


@dataclass(slots=True)
class DispatchReport:
    """The number of events published, to be retried, and turned into dead letters."""

    delivered: int = 0
    retried: int = 0
    dead: int = 0


class OutboxService:
    """Publishes at least once: an event is marked afterwards, so a crash may repeat it."""

    def __init__(
        self,
        uow: ShopUnitOfWork,
        bus: EventBus,
        clock: Clock = utc_now,
        *,
        max_attempts: int = 5,
        backoff: timedelta = timedelta(seconds=1),
    ) -> None:
        self._uow = uow
        self._bus = bus
        self._clock = clock
        self._max_attempts = max_attempts
        self._backoff = backoff

    async def dispatch(self, *, limit: int = 100) -> DispatchReport:
        """Publish the events that are due, oldest first.

        A failed event is retried with exponential backoff and becomes a dead letter after
        `max_attempts`. While the bus is unavailable, no attempt is counted.
        """
        report = DispatchReport()
        for event in await self._uow.outbox.lock_due(self._clock(), limit=limit):
            try:
                await self._bus.publish(_read(event))
            except UnavailableError:
                event.available_at = self._clock() + self._backoff
                report.retried += 1
            except Exception as error:
                self._on_failure(event, error, report)
            else:
                event.status = OutboxStatus.DELIVERED
                event.delivered_at = self._clock()
                event.attempts += 1
                report.delivered += 1
        await self._uow.outbox.flush()
        await self._uow.commit()
        return report

    async def list_dead_letters(
        self, *, cursor: str | None = None, limit: int = 20
    ) -> Page[OutboxEvent]:
        """Return a page of the dead letters."""
        return await self._uow.outbox.list_dead_letters(cursor=cursor, limit=limit)

    async def retry(self, event_id: UUID) -> OutboxEvent:
        """Make a dead letter pending again, with all its attempts.

        Raises:
            NotFoundError: There is no such event.
            ConflictError: It is not a dead letter.
        """
        event = await self._uow.outbox.lock(event_id)
        if event is None:
            raise NotFoundError("There is no such event.")
        if event.status is not OutboxStatus.DEAD:
            raise ConflictError("Only dead letters can be retried.")
        event.status = OutboxStatus.PENDING
        event.attempts = 0
        event.available_at = None
        await self._uow.outbox.flush()
        await self._uow.commit()
        return event

    def _on_failure(self, event: OutboxEvent, error: Exception, report: DispatchReport) -> None:
        event.attempts += 1
        event.last_error = f"{type(error).__name__}: {error}"[:500]
        if event.attempts >= self._max_attempts:
            event.status = OutboxStatus.DEAD
            report.dead += 1
            logger.error("outbox.dead", event_id=str(event.id), error=event.last_error)
        else:
            event.available_at = self._clock() + self._backoff * 2 ** (event.attempts - 1)
            report.retried += 1


def _read(event: OutboxEvent) -> Event:
    return Event(
        id=event.id,
        topic=event.topic,
        type=event.type,
        payload=event.payload,
        occurred_at=event.created_at,
    )
