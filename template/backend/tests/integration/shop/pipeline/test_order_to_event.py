"""From order and payment to event, with the database, HTTP and a WebSocket."""

import asyncio
import json
from dataclasses import replace
from decimal import Decimal
from uuid import uuid4

import httpx2
import pytest
from fastapi import FastAPI
from pytest_httpserver import HTTPServer
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from werkzeug import Response

from backend.accounts.adapters.security import TokenKind
from backend.accounts.models.customer import Customer
from backend.accounts.services.container import AccountsContainer
from backend.shop.models.order import Order, OrderStatus
from backend.shop.models.outbox import OutboxEvent, OutboxStatus
from backend.shop.models.payment import Payment, PaymentStatus
from backend.shop.services.container import ShopContainer
from backend.tests.factories.shop import OrderFactory, ProductFactory
from backend.tests.fixtures.websocket import Connect
from backend.tests.integration.shop.pipeline.conftest import APPROVED, DECLINED, MakeGateway

URL = "/api/v1/orders"


@pytest.fixture(autouse=True)
def _real_gateway(app: FastAPI, shop: ShopContainer, make_gateway: MakeGateway) -> None:
    """Let the running app charge over HTTP, without delays between attempts."""
    app.state.shop = replace(shop, payment_gateway=make_gateway(payment_attempts=2))


@pytest.fixture
async def order(db_session: AsyncSession, customer: Customer) -> Order:
    """A pending order of `customer`."""
    return await OrderFactory.create(db_session, customer=customer)


async def pay(
    client: httpx2.AsyncClient, order: Order, key: str = "key-00001", card: str = "tok_visa"
) -> httpx2.Response:
    return await client.post(
        f"{URL}/{order.id}/pay", json={"card_token": card}, headers={"Idempotency-Key": key}
    )


def answers(server: HTTPServer, *bodies: object) -> None:
    """Let the gateway give these answers in turn; a number is an error status."""
    for body in bodies:
        status = body if isinstance(body, int) else 200
        server.expect_ordered_request("/charges", method="POST").respond_with_response(
            Response(json.dumps(body), status, content_type="application/json")
        )


async def test_an_order_is_placed_paid_published_and_shipped(
    authenticated_client: httpx2.AsyncClient,
    admin_client: httpx2.AsyncClient,
    customer: Customer,
    db_session: AsyncSession,
    gateway_server: HTTPServer,
    accounts: AccountsContainer,
    websocket_client: Connect,
) -> None:
    mug = await ProductFactory.create(db_session, price=Decimal("8.50"), stock=3)
    line = {"product_id": str(mug.id), "quantity": 2}
    placed = (await authenticated_client.post(URL, json={"lines": [line]})).json()
    order = await db_session.get_one(Order, placed["id"])
    token = accounts.tokens.issue(TokenKind.ACCESS, subject=customer.id, token_id=uuid4())
    answers(gateway_server, APPROVED)
    async with websocket_client("/api/v1/events") as socket:
        await socket.send_json({"type": "authenticate", "token": token})
        await socket.send_json({"type": "subscribe", "order_id": placed["id"]})
        heard = [await socket.receive_json() for _ in range(2)]
        assert heard[1]["status"] == "pending"
        paid = await pay(authenticated_client, order)
        assert (paid.status_code, paid.json()["status"]) == (200, "succeeded")
        assert (await socket.receive_json())["event"] == "order.paid"
        await admin_client.post(f"{URL}/{order.id}/ship")
        assert (await socket.receive_json())["event"] == "order.shipped"

    charged, _ = gateway_server.log[0]
    assert charged.json["amount"] == "17.00"
    await db_session.refresh(order)
    assert (order.status, order.paid_at is not None) == (OrderStatus.SHIPPED, True)
    events = await db_session.execute(
        select(OutboxEvent.type, OutboxEvent.status).order_by(OutboxEvent.created_at)
    )
    assert [tuple(row) for row in events] == [
        (f"order.{status}", OutboxStatus.DELIVERED) for status in ("pending", "paid", "shipped")
    ]


class TestIdempotency:
    async def test_repeating_a_key_charges_nothing_and_returns_the_same(
        self,
        authenticated_client: httpx2.AsyncClient,
        gateway_server: HTTPServer,
        order: Order,
    ) -> None:
        answers(gateway_server, APPROVED)
        first, second = [await pay(authenticated_client, order) for _ in range(2)]
        assert first.json() == second.json()
        assert len(gateway_server.log) == 1

    async def test_another_key_for_a_paid_order_is_refused(
        self, authenticated_client: httpx2.AsyncClient, gateway_server: HTTPServer, order: Order
    ) -> None:
        answers(gateway_server, APPROVED)
        await pay(authenticated_client, order)
        again = await pay(authenticated_client, order, key="key-00002")
        assert again.status_code == 409
        assert len(gateway_server.log) == 1

    async def test_a_key_of_another_order_is_refused(
        self,
        authenticated_client: httpx2.AsyncClient,
        customer: Customer,
        db_session: AsyncSession,
        gateway_server: HTTPServer,
        order: Order,
    ) -> None:
        other = await OrderFactory.create(db_session, customer=customer)
        answers(gateway_server, APPROVED)
        await pay(authenticated_client, order)
        refused = await pay(authenticated_client, other)
        assert (refused.status_code, refused.json()["code"]) == (409, "conflict")

    @pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "short"}])
    async def test_a_key_is_needed(
        self, headers: dict[str, str], authenticated_client: httpx2.AsyncClient, order: Order
    ) -> None:
        answer = await authenticated_client.post(
            f"{URL}/{order.id}/pay", json={"card_token": "tok"}, headers=headers
        )
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["loc"][0] == "header"


class TestFailures:
    async def test_after_a_declined_card_another_can_pay(
        self, authenticated_client: httpx2.AsyncClient, gateway_server: HTTPServer, order: Order
    ) -> None:
        answers(gateway_server, DECLINED, APPROVED)
        declined = await pay(authenticated_client, order)
        assert (declined.status_code, declined.json()["status"]) == (200, "declined")
        assert declined.json()["decline_reason"] == "no funds"
        paid = await pay(authenticated_client, order, key="key-00002")
        assert paid.json()["status"] == "succeeded"
        listed = await authenticated_client.get(f"{URL}/{order.id}/payments")
        assert [payment["status"] for payment in listed.json()] == ["declined", "succeeded"]

    async def test_after_a_gateway_failure_the_same_key_settles_the_payment(
        self,
        authenticated_client: httpx2.AsyncClient,
        db_session: AsyncSession,
        gateway_server: HTTPServer,
        order: Order,
    ) -> None:
        answers(gateway_server, 503, 503, APPROVED)
        failed = await pay(authenticated_client, order)
        assert (failed.status_code, failed.json()["code"]) == (503, "payment_gateway_unavailable")
        assert failed.headers["retry-after"] == "1"
        payment = (await db_session.scalars(select(Payment))).one()
        assert (payment.status, payment.attempts) == (PaymentStatus.PENDING, 1)
        cancelled = await authenticated_client.post(f"{URL}/{order.id}/cancel")
        assert cancelled.status_code == 409, "it may have been charged"

        assert (await pay(authenticated_client, order)).json()["status"] == "succeeded"
        keys = {request.headers["Idempotency-Key"] for request, _ in gateway_server.log}
        assert keys == {"key-00001"}
        await db_session.refresh(payment)
        assert (payment.status, payment.attempts) == (PaymentStatus.SUCCEEDED, 2)

    async def test_a_rejected_request_releases_the_order(
        self,
        authenticated_client: httpx2.AsyncClient,
        db_session: AsyncSession,
        gateway_server: HTTPServer,
        order: Order,
    ) -> None:
        answers(gateway_server, 400)
        assert (await pay(authenticated_client, order)).status_code == 503
        assert (await db_session.scalars(select(Payment.status))).all() == [PaymentStatus.FAILED]
        cancelled = await authenticated_client.post(f"{URL}/{order.id}/cancel")
        assert cancelled.status_code == 200


async def test_five_concurrent_requests_with_one_key_charge_once(
    authenticated_client: httpx2.AsyncClient,
    db_session: AsyncSession,
    gateway_server: HTTPServer,
    order: Order,
) -> None:
    gateway_server.expect_request("/charges").respond_with_json(APPROVED)
    sent = await asyncio.gather(*(pay(authenticated_client, order) for _ in range(5)))
    assert [answer.status_code for answer in sent] == [200] * 5
    assert len({answer.json()["id"] for answer in sent}) == 1
    keys = {request.headers["Idempotency-Key"] for request, _ in gateway_server.log}
    assert keys == {"key-00001"}, "the gateway charges once per key"
    paid = select(OutboxEvent.type).where(OutboxEvent.type == "order.paid")
    assert (await db_session.scalars(paid)).all() == ["order.paid"]
