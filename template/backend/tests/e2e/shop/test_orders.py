"""Orders and payments, from registration to event."""

from __future__ import annotations

import asyncio
import json

import pytest
from pytest_greenfield.live_server import LiveServer
from pytest_httpserver import HTTPServer
from websockets.asyncio.client import connect
from werkzeug import Response

from backend.tests.e2e.shop.messages import receive, send
from backend.tests.e2e.shop.purchases import create_product, place_order, post_order, post_payment
from backend.tests.fixtures.accounts.live import NewPerson, Person
from backend.tests.fixtures.shop.live import GATEWAY_KEY, approve


async def test_from_the_registration_to_the_event_of_the_paid_order(
    live_server: LiveServer,
    gateway_server: HTTPServer,
    admin_session: Person,
    new_customer: NewPerson,
) -> None:
    await create_product(admin_session, sku="E2E-RED", stock=3)
    await create_product(admin_session, sku="E2E-BLUE", stock=3, price="39.00")
    customer = await new_customer()

    found = (await customer.get("/products?search=blue&in_stock=true"))["items"]
    assert [product["sku"] for product in found] == ["E2E-BLUE"]
    order = await place_order(customer, found[0], quantity=2)
    assert (order["status"], order["total"]) == ("pending", "78.00")

    async with connect(f"{live_server.websocket_url}/api/v1/events", proxy=None) as socket:
        greeting = await send(socket, type="authenticate", token=customer.access_token)
        assert greeting["type"] == "authenticated"
        state = await send(socket, type="subscribe", order_id=order["id"])
        assert (state["type"], state["status"]) == ("subscribed", "pending")

        payment = (await post_payment(customer, order, key="from-first-to-last")).json()
        assert (payment["status"], payment["amount"]) == ("succeeded", "78.00")
        event = await receive(socket, "order.paid")

    assert event["order_id"] == order["id"]
    assert (await customer.get(f"/orders/{order['id']}"))["status"] == "paid"
    assert (await customer.get(f"/products/{found[0]['id']}"))["stock"] == 1
    ((request, _),) = gateway_server.log
    assert request.headers["Authorization"] == f"Bearer {GATEWAY_KEY}"
    assert request.json == {
        "order_id": order["id"],
        "amount": "78.00",
        "card_token": "tok_visa",
    }


class TestPaying:
    async def test_a_failing_gateway_is_retried_with_the_same_key(
        self, gateway_server: HTTPServer, admin_session: Person, customer_session: Person
    ) -> None:
        order = await place_order(
            customer_session, await create_product(admin_session, sku="E2E-1", stock=1)
        )
        gateway_server.expect_oneshot_request("/charges").respond_with_data("busy", status=503)
        answer = await post_payment(customer_session, order, key="stumble-1")
        assert answer.json()["status"] == "succeeded"
        keys = [request.headers["Idempotency-Key"] for request, _ in gateway_server.log]
        assert keys == ["stumble-1", "stumble-1"]

    async def test_without_a_gateway_the_order_stays_pending_and_the_same_key_pays_it_later(
        self, gateway_server: HTTPServer, admin_session: Person, customer_session: Person
    ) -> None:
        order = await place_order(
            customer_session, await create_product(admin_session, sku="E2E-1", stock=1)
        )
        gateway_server.clear()
        gateway_server.expect_request("/charges").respond_with_data("down", status=500)
        answer = await post_payment(customer_session, order, key="outage-1")
        assert (answer.status_code, answer.json()["code"]) == (503, "payment_gateway_unavailable")
        assert int(answer.headers["Retry-After"]) >= 1
        assert (await customer_session.get(f"/orders/{order['id']}"))["status"] == "pending"

        gateway_server.clear()
        gateway_server.expect_request("/charges").respond_with_handler(approve)
        answer = await post_payment(customer_session, order, key="outage-1")
        assert answer.json()["status"] == "succeeded"
        payments = await customer_session.get(f"/orders/{order['id']}/payments")
        assert [payment["status"] for payment in payments] == ["succeeded"]

    async def test_after_a_declined_card_another_one_pays(
        self, gateway_server: HTTPServer, admin_session: Person, customer_session: Person
    ) -> None:
        order = await place_order(
            customer_session, await create_product(admin_session, sku="E2E-1", stock=1)
        )
        declined = {"reference": "ch_0", "approved": False, "decline_reason": "no funds"}
        gateway_server.expect_oneshot_request("/charges").respond_with_response(
            Response(json.dumps(declined), 402)
        )
        answer = await post_payment(customer_session, order, key="declined-1", card="tok_empty")
        assert (answer.json()["status"], answer.json()["decline_reason"]) == (
            "declined",
            "no funds",
        )
        answer = await post_payment(customer_session, order, key="declined-2")
        assert answer.json()["status"] == "succeeded"

    async def test_the_same_payment_sent_twice_concurrently_is_recorded_once(
        self, gateway_server: HTTPServer, admin_session: Person, customer_session: Person
    ) -> None:
        order = await place_order(
            customer_session, await create_product(admin_session, sku="E2E-1", stock=1)
        )
        answers = await asyncio.gather(
            *(post_payment(customer_session, order, key="twice-at-once") for _ in range(2))
        )
        assert [answer.json()["status"] for answer in answers] == ["succeeded", "succeeded"]
        assert len(await customer_session.get(f"/orders/{order['id']}/payments")) == 1
        assert {request.headers["Idempotency-Key"] for request, _ in gateway_server.log} == {
            "twice-at-once"
        }


class TestStock:
    @pytest.mark.parametrize(("buyers", "stock"), [(2, 1), (6, 3)])
    async def test_concurrent_buyers_get_no_more_than_the_stock(
        self, buyers: int, stock: int, admin_session: Person, new_customer: NewPerson
    ) -> None:
        product = await create_product(admin_session, sku="E2E-LAST", stock=stock)
        people = await asyncio.gather(*(new_customer() for _ in range(buyers)))
        answers = await asyncio.gather(*(post_order(person, product) for person in people))
        statuses = sorted(answer.status_code for answer in answers)
        assert statuses == [201] * stock + [409] * (buyers - stock)
        assert (await admin_session.get(f"/products/{product['id']}"))["stock"] == 0

    async def test_cancelled_stock_can_be_ordered_again(
        self, admin_session: Person, new_customer: NewPerson
    ) -> None:
        product = await create_product(admin_session, sku="E2E-LAST", stock=1)
        first, second = await new_customer(), await new_customer()
        order = await place_order(first, product)
        refused = await post_order(second, product)
        assert (refused.status_code, refused.json()["code"]) == (409, "out_of_stock")
        cancelled = await first.client.post(f"/api/v1/orders/{order['id']}/cancel")
        assert cancelled.json()["status"] == "cancelled"
        await place_order(second, product)
