"""From an order to its event, over real sockets."""

from __future__ import annotations

import json
from typing import Any

from pytest_greenfield.live_server import LiveServer
from pytest_httpserver import HTTPServer
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from backend.tests.async_utils import with_timeout
from backend.tests.fixtures.accounts.live import NewPerson, Person, read
from backend.tests.fixtures.features.graphql.client import ask
from backend.tests.fixtures.features.graphql.socket import PROTOCOL, first_message, subscribe

PLACE = """
mutation ($id: UUID!) {
  placeOrder(lines: [{productId: $id, quantity: 1}]) { id status lines { product { stock } } }
}
"""
PAY = """
mutation ($id: UUID!) {
  payOrder(id: $id, idempotencyKey: "a-key-of-graphql", cardToken: "tok_visa") { status }
}
"""
CHANGES = "subscription ($id: UUID!) { orderChanges(id: $id) { status } }"


async def say(socket: ClientConnection, message: dict[str, Any]) -> Any:
    await socket.send(json.dumps(message))
    return await hear(socket)


async def hear(socket: ClientConnection) -> Any:
    return json.loads(await with_timeout(socket.recv(), 10, operation="a message"))


async def test_a_subscriber_receives_the_paid_order(
    live_server: LiveServer,
    gateway_server: HTTPServer,
    admin_session: Person,
    new_customer: NewPerson,
) -> None:
    buyer = await new_customer()
    product = {"sku": "GRAPH-1", "name": "A mug", "price": "12.50", "stock": 3}
    mug = await read(admin_session.client.post("/api/v1/products", json=product), 201)

    placed = (await ask(buyer.client, PLACE, {"id": mug["id"]})).data["placeOrder"]
    assert placed["lines"] == [{"product": {"stock": 2}}]

    address = f"{live_server.websocket_url}/graphql"
    async with connect(address, subprotocols=[Subprotocol(PROTOCOL)], proxy=None) as socket:
        assert (await say(socket, first_message(buyer.access_token)))["type"] == "connection_ack"
        change = await say(socket, subscribe(CHANGES, {"id": placed["id"]}))
        assert change["payload"]["data"] == {"orderChanges": {"status": "PENDING"}}

        paid = await ask(buyer.client, PAY, {"id": placed["id"]})
        assert paid.data == {"payOrder": {"status": "SUCCEEDED"}}
        while change["payload"]["data"]["orderChanges"]["status"] != "PAID":
            change = await hear(socket)
