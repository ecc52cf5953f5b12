"""Customers cannot see, change or detect other customers' orders."""

import httpx2
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from backend.accounts.models.customer import Customer
from backend.shop.models.order import Order, OrderStatus
from backend.tests.factories.shop import OrderFactory

URL = "/api/v1/orders"


@pytest.fixture
async def theirs(db_session: AsyncSession) -> Order:
    """Another customer's order."""
    return await OrderFactory.create(db_session)


async def test_another_customers_order_looks_missing(
    theirs: Order, authenticated_client: httpx2.AsyncClient, db_session: AsyncSession
) -> None:
    for method, action in [
        ("GET", ""),
        ("POST", "/cancel"),
        ("POST", "/pay"),
        ("GET", "/payments"),
    ]:
        answer = await authenticated_client.request(
            method,
            f"{URL}/{theirs.id}{action}",
            headers={"Idempotency-Key": "key-00001"},
            json={"card_token": "tok"} if action == "/pay" else None,
        )
        assert (answer.status_code, answer.json()["detail"]) == (404, "There is no such order.")
    await db_session.refresh(theirs)
    assert theirs.status is OrderStatus.PENDING


async def test_a_list_contains_only_own_orders(
    theirs: Order,
    authenticated_client: httpx2.AsyncClient,
    customer: Customer,
    db_session: AsyncSession,
) -> None:
    mine = await OrderFactory.create(db_session, customer=customer)
    for params in ({}, {"customer_id": str(theirs.customer_id)}):
        listed = (await authenticated_client.get(URL, params=params)).json()["items"]
        assert [order["id"] for order in listed] == [str(mine.id)]


async def test_another_customers_cursor_gives_no_access(
    authenticated_client: httpx2.AsyncClient,
    admin_client: httpx2.AsyncClient,
    db_session: AsyncSession,
) -> None:
    await OrderFactory.create_batch(db_session, 3)
    page = (await admin_client.get(URL, params={"limit": 1})).json()
    assert page["next_cursor"]
    answer = await authenticated_client.get(URL, params={"cursor": page["next_cursor"]})
    assert answer.json()["items"] == []


async def test_admins_see_all_or_those_of_one_customer(
    theirs: Order,
    admin_client: httpx2.AsyncClient,
    customer: Customer,
    db_session: AsyncSession,
) -> None:
    other = await OrderFactory.create(db_session, customer=customer)
    for params, expected in (
        ({}, [other, theirs]),
        ({"customer_id": str(theirs.customer_id)}, [theirs]),
    ):
        listed = (await admin_client.get(URL, params=params)).json()["items"]
        assert [order["id"] for order in listed] == [str(order.id) for order in expected]
