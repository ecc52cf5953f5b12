"""Cursors and pages."""

import base64
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.core.errors import ValidationFailedError
from backend.repositories.paging import Cursor
from backend.repositories.unit_of_work import UnitOfWork
from backend.tests.factories import CustomerFactory

offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=offsets)  # noqa: DTZ001
places = st.builds(Cursor, moments, st.uuids())


class TestCursor:
    @pytest.mark.usefixtures("hypothesis_ready")
    @given(places)
    @settings(max_examples=100, deadline=None)
    def test_what_is_read_is_what_was_written(self, cursor: Cursor) -> None:
        assert Cursor.decode(cursor.encode()) == cursor

    @pytest.mark.usefixtures("hypothesis_ready")
    @given(places)
    @settings(max_examples=50, deadline=None)
    def test_it_fits_into_an_address_as_it_is(self, cursor: Cursor) -> None:
        text = cursor.encode()
        assert text.isascii()
        assert text.replace("-", "").replace("_", "").isalnum()
        assert len(text) <= 64

    def test_a_time_without_a_zone_counts_as_utc(self) -> None:
        naive = datetime(2026, 1, 1, 12)  # noqa: DTZ001  # as SQLite gives it
        place = Cursor.decode(Cursor(naive, UUID(int=1)).encode())
        assert place.created_at == naive.replace(tzinfo=UTC)

    @pytest.mark.usefixtures("hypothesis_ready")
    @given(st.binary(min_size=24, max_size=24))
    @settings(max_examples=50, deadline=None)
    def test_any_bytes_of_the_right_length_are_a_cursor_or_refused(self, packed: bytes) -> None:
        try:
            cursor = Cursor.decode(base64.urlsafe_b64encode(packed).decode())
        except ValidationFailedError:
            return
        assert Cursor.decode(cursor.encode()) == cursor

    @pytest.mark.parametrize("text", ["x", "%", "a b", "é" * 32, "+/" * 16, "A" * 31 + "!", "\x00"])
    def test_text_that_says_nothing_is_refused(self, text: str) -> None:
        with pytest.raises(ValidationFailedError):
            Cursor.decode(text)

    @pytest.mark.parametrize(
        "packed",
        [
            pytest.param(b"", id="empty"),
            pytest.param(b"x" * 23, id="short"),
            pytest.param(b"x" * 25, id="long"),
            pytest.param(b"\x7f" + b"\xff" * 23, id="after all years"),
            pytest.param(b"\x80" + b"\x00" * 23, id="before all years"),
        ],
    )
    def test_bytes_that_say_nothing_are_refused(self, packed: bytes) -> None:
        with pytest.raises(ValidationFailedError):
            Cursor.decode(base64.urlsafe_b64encode(packed).decode())


async def add_customers(uow: UnitOfWork, count: int) -> list[UUID]:
    """Add customers, one a second; return their ids, the newest first."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    customers = [
        CustomerFactory.build(created_at=start + timedelta(seconds=n)) for n in range(count)
    ]
    for customer in customers:
        await uow.customers.add(customer)
    return [customer.id for customer in reversed(customers)]


async def read_all(uow: UnitOfWork, limit: int) -> list[list[UUID]]:
    """Follow the cursors to the end; return the ids of each page."""
    pages, cursor = [], None
    while True:
        page = await uow.customers.list(cursor=cursor, limit=limit)
        pages.append([customer.id for customer in page.items])
        if (cursor := page.next_cursor) is None:
            return pages


class TestPages:
    @pytest.mark.parametrize(
        ("count", "limit", "sizes"),
        [(0, 2, [0]), (1, 2, [1]), (2, 2, [2]), (3, 2, [2, 1]), (4, 2, [2, 2]), (5, 1, [1] * 5)],
    )
    async def test_the_cursors_lead_through_all_rows_once(
        self, uow: UnitOfWork, count: int, limit: int, sizes: list[int]
    ) -> None:
        ids = await add_customers(uow, count)
        pages = await read_all(uow, limit)
        assert [len(page) for page in pages] == sizes
        assert [key for page in pages for key in page] == ids

    async def test_rows_of_the_same_moment_are_neither_lost_nor_repeated(
        self, uow: UnitOfWork
    ) -> None:
        moment = datetime(2026, 1, 1, tzinfo=UTC)
        customers = [CustomerFactory.build(created_at=moment) for _ in range(5)]
        for customer in customers:
            await uow.customers.add(customer)
        seen = [key for page in await read_all(uow, 2) for key in page]
        assert seen == sorted((customer.id for customer in customers), reverse=True)

    async def test_a_row_that_comes_in_between_moves_nothing(self, uow: UnitOfWork) -> None:
        ids = await add_customers(uow, 4)
        first = await uow.customers.list(limit=2)
        await uow.customers.add(CustomerFactory.build(created_at=datetime(2026, 2, 1, tzinfo=UTC)))
        second = await uow.customers.list(cursor=first.next_cursor, limit=2)
        assert [customer.id for customer in second.items] == ids[2:]

    async def test_a_cursor_of_somewhere_else_is_just_a_place(self, uow: UnitOfWork) -> None:
        await add_customers(uow, 2)
        cursor = Cursor(datetime(2020, 1, 1, tzinfo=UTC), uuid4()).encode()
        assert (await uow.customers.list(cursor=cursor)).items == []

    async def test_nonsense_is_refused(self, uow: UnitOfWork) -> None:
        with pytest.raises(ValidationFailedError) as refusal:
            await uow.customers.list(cursor="nonsense")
        assert refusal.value.errors[0].loc == ["query", "cursor"]
