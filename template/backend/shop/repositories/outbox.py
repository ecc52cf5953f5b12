"""Queries for the outbox."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.accounts.paging import Page, fetch_page
from backend.shop.models.outbox import OutboxEvent, OutboxStatus


class OutboxRepository:
    """Events: pending, published, and dead letters."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, event: OutboxEvent) -> None:
        """Insert an event, in the transaction that causes it."""
        self._session.add(event)
        await self._session.flush()

    async def lock_due(self, now: datetime, *, limit: int) -> Sequence[OutboxEvent]:
        """Return and lock the oldest events that are due.

        Events locked by another dispatcher are skipped, so that dispatchers share the work.
        """
        statement = (
            select(OutboxEvent)
            .where(
                OutboxEvent.status == OutboxStatus.PENDING,
                or_(OutboxEvent.available_at.is_(None), OutboxEvent.available_at <= now),
            )
            .order_by(OutboxEvent.created_at, OutboxEvent.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
            .execution_options(populate_existing=True)
        )
        return (await self._session.scalars(statement)).all()

    async def lock(self, event_id: UUID) -> OutboxEvent | None:
        """Return one event and lock it until the transaction ends."""
        statement = (
            select(OutboxEvent)
            .where(OutboxEvent.id == event_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        return await self._session.scalar(statement)

    async def list_dead_letters(
        self, *, cursor: str | None = None, limit: int = 20
    ) -> Page[OutboxEvent]:
        """Return a page of the dead letters, newest first."""
        statement = select(OutboxEvent).where(OutboxEvent.status == OutboxStatus.DEAD)
        key = (OutboxEvent.created_at, OutboxEvent.id)
        return await fetch_page(self._session, statement, key, cursor=cursor, limit=limit)

    async def flush(self) -> None:
        """Flush changes."""
        await self._session.flush()
