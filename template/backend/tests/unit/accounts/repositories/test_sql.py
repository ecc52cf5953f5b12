"""PostgreSQL-specific statements, checked as SQL."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from backend.accounts.paging import Cursor
from backend.accounts.repositories.unit_of_work import AccountsUnitOfWork
from backend.tests.fakes.accounts.sql import Recorder


async def compile_sql(use: Callable[[AccountsUnitOfWork], Awaitable[Any]]) -> str:
    """Return the SQL of a query's only statement."""
    session = Recorder()
    await use(AccountsUnitOfWork(session))
    return session.sql


async def test_a_lock_waits_for_the_row() -> None:
    sql = await compile_sql(lambda uow: uow.refresh_tokens.lock(uuid4()))
    assert sql.endswith("FOR UPDATE")


async def test_an_address_is_found_by_the_index_on_its_lower_case() -> None:
    sql = await compile_sql(lambda uow: uow.customers.find_by_email("A@example.com"))
    assert "lower(customer.email) =" in sql


async def test_a_page_is_a_range_of_its_index() -> None:
    cursor = Cursor(datetime(2026, 1, 1, tzinfo=UTC), UUID(int=1)).encode()
    sql = await compile_sql(lambda uow: uow.customers.list(cursor=cursor))
    assert "(customer.created_at, customer.id) < (" in sql
    assert "ORDER BY customer.created_at DESC, customer.id DESC" in sql
