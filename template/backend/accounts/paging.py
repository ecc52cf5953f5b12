"""Keyset pagination: a page starts after the last row of the previous one."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from sqlalchemy import Select, literal, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from backend.core.errors import ErrorItem, ValidationFailedError
from backend.core.schemas import Output

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Cursor:
    """A position between two rows that are ordered by time and id."""

    created_at: datetime
    id: UUID

    def encode(self) -> str:
        """Write it as text that fits into a URL. A time without a zone counts as UTC."""
        moment = self.created_at.replace(tzinfo=self.created_at.tzinfo or UTC).astimezone(UTC)
        text = f"{moment.isoformat()} {self.id.hex}"
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str) -> "Cursor":
        """Read what `encode` wrote.

        Raises:
            ValidationFailedError: It is something else.
        """
        try:
            moment, row_id = base64.urlsafe_b64decode(text + "==").decode().split(" ")
            return cls(datetime.fromisoformat(moment).astimezone(UTC), UUID(row_id))
        except (ValueError, OverflowError) as error:
            item = ErrorItem(loc=["query", "cursor"], msg="Not a cursor", type="cursor")
            raise ValidationFailedError("The cursor is not valid.", errors=[item]) from error


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some of the rows. `next_cursor` leads to the following ones; None: these were the last."""

    items: Sequence[T]
    next_cursor: str | None


class PageOut(Output, Generic[T]):
    """One page; pass `next_cursor` as `cursor` to get the following one."""

    items: list[T]
    next_cursor: str | None


class Ordered(Protocol):
    """A row that is ordered by time; the id makes the order total."""

    @property
    def created_at(self) -> datetime:
        """When it was made."""

    @property
    def id(self) -> UUID:
        """Its key."""


M = TypeVar("M", bound=Ordered)


async def fetch_page(
    session: AsyncSession,
    statement: Select[M],
    key: tuple[InstrumentedAttribute[datetime], InstrumentedAttribute[UUID]],
    *,
    cursor: str | None,
    limit: int,
) -> Page[M]:
    """Fetch one page, the newest rows first.

    Args:
        session: Where to ask.
        statement: Which rows; without an order and a limit.
        key: The columns of time and id, which an index should hold in this order.
        cursor: `next_cursor` of the previous page, or None for the first.
        limit: The largest number of rows.

    Raises:
        ValidationFailedError: The cursor is not one of ours.
    """
    if cursor is not None:
        position = Cursor.decode(cursor)
        # Compared as a row, which PostgreSQL answers from one range of the index.
        statement = statement.where(
            tuple_(*key) < tuple_(literal(position.created_at, key[0].type), literal(position.id))
        )
    # One more than asked for tells whether there is a next page, without a count.
    statement = statement.order_by(*(column.desc() for column in key)).limit(limit + 1)
    rows = (await session.scalars(statement)).all()
    items = rows[:limit]
    more = len(rows) > limit
    return Page(items, Cursor(items[-1].created_at, items[-1].id).encode() if more else None)
