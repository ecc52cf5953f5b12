"""The events WebSocket over a real socket."""

from __future__ import annotations

import json

import pytest
from pytest_greenfield.live_server import LiveServer
from pytest_httpserver import HTTPServer
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from backend.tests.async_utils import with_timeout
from backend.tests.e2e.shop.messages import receive, send
from backend.tests.e2e.shop.purchases import create_product, place_order, post_payment
from backend.tests.fixtures.accounts.live import NewPerson, Person


async def test_without_a_valid_token_it_is_closed(live_server: LiveServer) -> None:
    async with connect(f"{live_server.websocket_url}/api/v1/events", proxy=None) as socket:
        await socket.send(json.dumps({"type": "authenticate", "token": "nonsense"}))
        with pytest.raises(ConnectionClosed):
            await with_timeout(socket.recv())
        assert socket.close_code == 4401


async def test_after_reconnecting_only_the_owner_receives_new_events(
    live_server: LiveServer,
    gateway_server: HTTPServer,
    admin_session: Person,
    new_customer: NewPerson,
) -> None:
    url = f"{live_server.websocket_url}/api/v1/events"
    customer, stranger = await new_customer(), await new_customer()
    order = await place_order(
        customer, await create_product(admin_session, sku="E2E-EVENT", stock=1)
    )

    async with connect(url, proxy=None) as socket:
        await send(socket, type="authenticate", token=stranger.access_token)
        refusal = await send(socket, type="subscribe", order_id=order["id"])
        assert (refusal["type"], refusal["code"]) == ("error", "not_found")

    async with connect(url, proxy=None) as socket:
        await send(socket, type="authenticate", token=customer.access_token)
        await send(socket, type="subscribe", order_id=order["id"])

    await post_payment(customer, order, key="while-away")
    async with connect(url, proxy=None) as socket:
        await send(socket, type="authenticate", token=customer.access_token)
        state = await send(socket, type="subscribe", order_id=order["id"])
        assert state["status"] == "paid"
        await admin_session.client.post(f"/api/v1/orders/{order['id']}/ship")
        assert (await receive(socket, "order.shipped"))["order_id"] == order["id"]
