"""Shared code of repositories in memory, which test rules without a database."""

from collections.abc import Iterable
from datetime import timedelta
from operator import attrgetter
from typing import Any, Generic, TypeVar
from uuid import UUID, uuid4

from sqlalchemy import inspect

from backend.accounts.paging import Cursor, Page
from backend.tests.fakes.clock import FakeClock

T = TypeVar("T")


class Table(Generic[T]):
    """Rows by id, with timestamps and defaults as in the database."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.rows: dict[UUID, T] = {}

    def put(self, row: Any) -> None:
        """Add or update a row."""
        for column in inspect(type(row)).columns:
            default = column.default
            if getattr(row, column.key) is None and default is not None and default.is_scalar:
                setattr(row, column.key, default.arg)
        row.id = row.id or uuid4()
        # A millisecond apart, so that rows have an order.
        row.created_at = row.created_at or self._clock() + timedelta(milliseconds=len(self.rows))
        row.updated_at = self._clock()
        self.rows[row.id] = row

    def where(self, **values: Any) -> list[Any]:
        """Return the rows whose attributes have these values, oldest first."""
        found = [
            row
            for row in self.rows.values()
            if all(getattr(row, name) == value for name, value in values.items())
        ]
        return sorted(found, key=attrgetter("created_at", "id"))


def paginate(rows: Iterable[Any], cursor: str | None, limit: int) -> Page[Any]:
    """Return a page of the rows, newest first."""
    ordered = sorted(rows, key=attrgetter("created_at", "id"), reverse=True)
    if cursor is not None:
        place = Cursor.decode(cursor)
        ordered = [
            row for row in ordered if (row.created_at, row.id) < (place.created_at, place.id)
        ]
    items = ordered[:limit]
    more = len(ordered) > limit
    return Page(items, Cursor(items[-1].created_at, items[-1].id).encode() if more else None)


class FakeRepository:
    """Replaces the repository that a subclass lists second; must override all its methods."""

    def __init_subclass__(cls) -> None:
        """Reject a fake that would fall through to a query.

        Raises:
            TypeError: A method of the repository is missing; the message names it.
        """
        real = cls.__bases__[1]
        names = {name for name, value in vars(real).items() if callable(value) and name[0] != "_"}
        if forgotten := sorted(names - vars(cls).keys()):
            raise TypeError(f"{cls.__name__} does not have {', '.join(forgotten)}")
