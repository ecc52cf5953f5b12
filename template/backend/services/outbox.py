"""The dispatcher: tells what was written into the outbox."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import structlog

from backend.core.clock import Clock, utc_now
from backend.core.errors import ConflictError, NotFoundError
from backend.core.events import Event, EventBus
from backend.models.outbox import OutboxEvent, OutboxStatus
from backend.repositories.paging import Page
from backend.repositories.unit_of_work import UnitOfWork

logger = structlog.stdlib.get_logger(__name__)


@dataclass(slots=True)
class DispatchReport:
    """How many events were told, will be tried again, and were given up."""

    delivered: int = 0
    retried: int = 0
    dead: int = 0


class OutboxService:
    """Delivers at least once: an event is marked after it was told, so a crash repeats it."""

    def __init__(
        self,
        uow: UnitOfWork,
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
        """Tell the events that are due, the oldest first.

        One that cannot be told is tried again, each time after twice the wait, and given up after
        `max_attempts`.
        """
        report = DispatchReport()
        for event in await self._uow.outbox.lock_due(self._clock(), limit=limit):
            try:
                await self._bus.publish(_read(event))
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

    async def list_dead(self, *, cursor: str | None = None, limit: int = 20) -> Page[OutboxEvent]:
        """Return a page of the events that were given up."""
        return await self._uow.outbox.list_dead(cursor=cursor, limit=limit)

    async def revive(self, event_id: UUID) -> OutboxEvent:
        """Try a dead event again, with all its attempts.

        Raises:
            NotFoundError: There is no such event.
            ConflictError: It is not dead.
        """
        event = await self._uow.outbox.lock(event_id)
        if event is None:
            raise NotFoundError("There is no such event.")
        if event.status is not OutboxStatus.DEAD:
            raise ConflictError("Only dead events can be revived.")
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
