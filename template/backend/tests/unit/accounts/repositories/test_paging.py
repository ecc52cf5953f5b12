"""Pagination, tested with customers."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from backend.accounts.paging import Cursor
from backend.accounts.repositories.unit_of_work import AccountsUnitOfWork
from backend.core.errors import ValidationFailedError
from backend.tests.factories.accounts import CustomerFactory


async def add_customers(uow: AccountsUnitOfWork, count: int) -> list[UUID]:
    """Add customers one second apart; return their ids, newest first."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    customers = [
        CustomerFactory.build(created_at=start + timedelta(seconds=n)) for n in range(count)
    ]
    for customer in customers:
        await uow.customers.add(customer)
    return [customer.id for customer in reversed(customers)]


async def read_all(uow: AccountsUnitOfWork, limit: int) -> list[list[UUID]]:
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
        self, uow: AccountsUnitOfWork, count: int, limit: int, sizes: list[int]
    ) -> None:
        ids = await add_customers(uow, count)
        pages = await read_all(uow, limit)
        assert [len(page) for page in pages] == sizes
        assert [key for page in pages for key in page] == ids

    async def test_rows_with_the_same_time_are_neither_lost_nor_repeated(
        self, uow: AccountsUnitOfWork
    ) -> None:
        moment = datetime(2026, 1, 1, tzinfo=UTC)
        customers = [CustomerFactory.build(created_at=moment) for _ in range(5)]
        for customer in customers:
            await uow.customers.add(customer)
        seen = [key for page in await read_all(uow, 2) for key in page]
        assert seen == sorted((customer.id for customer in customers), reverse=True)

    async def test_a_row_added_in_between_shifts_nothing(self, uow: AccountsUnitOfWork) -> None:
        ids = await add_customers(uow, 4)
        first = await uow.customers.list(limit=2)
        await uow.customers.add(CustomerFactory.build(created_at=datetime(2026, 2, 1, tzinfo=UTC)))
        second = await uow.customers.list(cursor=first.next_cursor, limit=2)
        assert [customer.id for customer in second.items] == ids[2:]

    async def test_a_cursor_of_another_list_is_only_a_position(
        self, uow: AccountsUnitOfWork
    ) -> None:
        await add_customers(uow, 2)
        cursor = Cursor(datetime(2020, 1, 1, tzinfo=UTC), uuid4()).encode()
        assert (await uow.customers.list(cursor=cursor)).items == []

    async def test_nonsense_is_refused(self, uow: AccountsUnitOfWork) -> None:
        with pytest.raises(ValidationFailedError) as refusal:
            await uow.customers.list(cursor="nonsense")
        assert refusal.value.errors[0].loc == ["query", "cursor"]
