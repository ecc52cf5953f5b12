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
    """A position in a list ordered by time and id."""

    created_at: datetime
    id: UUID

    def encode(self) -> str:
        """Encode it as URL-safe text. A naive time counts as UTC."""
        moment = self.created_at.replace(tzinfo=self.created_at.tzinfo or UTC).astimezone(UTC)
        text = f"{moment.isoformat()} {self.id.hex}"
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str) -> "Cursor":
        """Decode the output of `encode`.

        Raises:
            ValidationFailedError: The text is not a valid cursor.
        """
        try:
            moment, row_id = base64.urlsafe_b64decode(text + "==").decode().split(" ")
            return cls(datetime.fromisoformat(moment).astimezone(UTC), UUID(row_id))
        except (ValueError, OverflowError) as error:
            item = ErrorItem(loc=["query", "cursor"], msg="Not a cursor", type="cursor")
            raise ValidationFailedError("The cursor is not valid.", errors=[item]) from error


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of rows. `next_cursor` leads to the next page; None on the last one."""

    items: Sequence[T]
    next_cursor: str | None


class PageOut(Output, Generic[T]):
    """One page; pass `next_cursor` as `cursor` to get the next one."""

    items: list[T]
    next_cursor: str | None


class Ordered(Protocol):
    """A row ordered by time; the id breaks ties."""

    @property
    def created_at(self) -> datetime:
        """When the row was created."""

    @property
    def id(self) -> UUID:
        """The primary key."""


M = TypeVar("M", bound=Ordered)


async def fetch_page(
    session: AsyncSession,
    statement: Select[M],
    key: tuple[InstrumentedAttribute[datetime], InstrumentedAttribute[UUID]],
    *,
    cursor: str | None,
    limit: int,
) -> Page[M]:
    """Fetch one page, newest rows first.

    Args:
        session: The session to query.
        statement: Selects the rows, without ORDER BY and LIMIT.
        key: The columns of time and id, which an index should cover in this order.
        cursor: `next_cursor` of the previous page, or None for the first.
        limit: The maximum number of rows.

    Raises:
        ValidationFailedError: The cursor is not valid.
    """
    if cursor is not None:
        position = Cursor.decode(cursor)
        # A row comparison, which PostgreSQL answers with one index range scan.
        statement = statement.where(
            tuple_(*key) < tuple_(literal(position.created_at, key[0].type), literal(position.id))
        )
    # One extra row shows whether there is a next page, without a count.
    statement = statement.order_by(*(column.desc() for column in key)).limit(limit + 1)
    rows = (await session.scalars(statement)).all()
    items = rows[:limit]
    more = len(rows) > limit
    return Page(items, Cursor(items[-1].created_at, items[-1].id).encode() if more else None)
