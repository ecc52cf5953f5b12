"""Pages by keyset: a page starts after the last row of the one before, whatever came in between."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from sqlalchemy import Select, literal, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from backend.core.errors import ErrorItem, ValidationFailedError

T = TypeVar("T")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LENGTH = 8 + 16


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place between two rows that are ordered by time and id."""

    created_at: datetime
    id: UUID

    def encode(self) -> str:
        """Write it as text that clients pass back and do not read. A naive time counts as UTC."""
        aware = self.created_at if self.created_at.tzinfo else self.created_at.replace(tzinfo=UTC)
        delta = aware - _EPOCH
        # Integers all the way: a float would round the microseconds, and skip or repeat a row.
        micros = (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds
        packed = micros.to_bytes(8, "big", signed=True) + self.id.bytes
        return base64.urlsafe_b64encode(packed).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str) -> "Cursor":
        """Read what `encode` wrote.

        Raises:
            ValidationFailedError: It is something else.
        """
        try:
            packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            if len(packed) != _LENGTH:
                raise ValueError("wrong length")
            micros = int.from_bytes(packed[:8], "big", signed=True)
            seconds, rest = divmod(micros, 1_000_000)
            days, seconds = divmod(seconds, 86_400)
            created_at = _EPOCH + timedelta(days, seconds, rest)
        except (binascii.Error, ValueError, OverflowError) as error:
            item = ErrorItem(loc=["query", "cursor"], msg="Not a cursor", type="cursor")
            raise ValidationFailedError("The cursor is not valid.", errors=[item]) from error
        return cls(created_at, UUID(bytes=packed[8:]))


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some of the rows. `next_cursor` leads to the following ones; None: these were the last."""

    items: Sequence[T]
    next_cursor: str | None


class Ordered(Protocol):
    """A row that has its place by time, then id."""

    @property
    def created_at(self) -> datetime:
        """When it was made."""

    @property
    def id(self) -> UUID:
        """Tells rows of the same moment apart, so that the order is total."""


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
        cursor: `next_cursor` of the page before, or None for the first.
        limit: So many rows at most.

    Raises:
        ValidationFailedError: The cursor is none of ours.
    """
    if cursor is not None:
        place = Cursor.decode(cursor)
        # Compared as a row, which PostgreSQL answers from one range of the index.
        statement = statement.where(
            tuple_(*key) < tuple_(literal(place.created_at, key[0].type), literal(place.id))
        )
    # One more than asked for tells whether there is a next page, without a count.
    statement = statement.order_by(*(column.desc() for column in key)).limit(limit + 1)
    rows = (await session.scalars(statement)).all()
    items = rows[:limit]
    more = len(rows) > limit
    return Page(items, Cursor(items[-1].created_at, items[-1].id).encode() if more else None)
