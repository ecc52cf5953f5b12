"""Invoices of paid orders."""

from uuid import uuid4

import httpx2
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from backend.accounts.models.customer import Customer
from backend.features.object_storage.storage import ObjectStorage
from backend.shop.models.order import Order
from backend.tests.factories.shop import OrderFactory
from backend.tests.fixtures.accounts.application import LogIn


@pytest.fixture
async def order(db_session: AsyncSession, customer: Customer) -> Order:
    """A paid order of `authenticated_client`."""
    return await OrderFactory.create(db_session, paid=True, customer=customer)


async def test_the_customer_gets_a_link_to_the_invoice(
    authenticated_client: httpx2.AsyncClient, order: Order
) -> None:
    answer = (await authenticated_client.get(f"/api/v1/orders/{order.id}/invoice")).json()
    assert answer["seconds"] == 3600
    async with httpx2.AsyncClient() as browser:
        invoice = (await browser.get(answer["url"])).json()
    assert (invoice["order"], invoice["total"]) == (str(order.id), str(order.total))
    assert [line["quantity"] for line in invoice["lines"]] == [order.lines[0].quantity]


async def test_an_invoice_is_never_written_again(
    authenticated_client: httpx2.AsyncClient, order: Order, object_storage: ObjectStorage
) -> None:
    key = f"invoices/{order.id}.json"
    await object_storage.put(key, b"the first one", content_type="application/json")
    answer = await authenticated_client.get(f"/api/v1/orders/{order.id}/invoice")
    assert answer.status_code == 200
    assert await object_storage.read(key) == b"the first one"


async def test_an_unpaid_order_has_none(
    authenticated_client: httpx2.AsyncClient,
    db_session: AsyncSession,
    customer: Customer,
    object_storage: ObjectStorage,
) -> None:
    pending = await OrderFactory.create(db_session, customer=customer)
    answer = await authenticated_client.get(f"/api/v1/orders/{pending.id}/invoice")
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert await object_storage.list("invoices") == []


async def test_others_do_not_learn_that_it_exists(
    client: httpx2.AsyncClient, log_in: LogIn, admin: Customer, db_session: AsyncSession
) -> None:
    theirs = await OrderFactory.create(db_session, paid=True)
    somebody = await OrderFactory.create(db_session)
    url = f"/api/v1/orders/{theirs.id}/invoice"
    assert (await client.get(url)).status_code == 401
    other = await db_session.get_one(Customer, somebody.customer_id)
    async with log_in(other) as stranger:
        assert (await stranger.get(url)).status_code == 404
        assert (await stranger.get(f"/api/v1/orders/{uuid4()}/invoice")).status_code == 404
    async with log_in(admin) as boss:
        assert (await boss.get(url)).status_code == 200
