"""Subscriptions to an order's changes."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast
from uuid import uuid4

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.pool import QueuePool

from backend.accounts.models.customer import Customer
from backend.core.clock import utc_now
from backend.core.database import Database
from backend.shop.adapters.events import MemoryEventBus
from backend.shop.models.order import Order
from backend.shop.services.container import ShopContainer
from backend.tests.async_utils import async_timeout
from backend.tests.factories.accounts import CustomerFactory
from backend.tests.factories.shop import OrderFactory, ProductFactory
from backend.tests.fixtures.features.graphql.accounts.tokens import TokenOf
from backend.tests.fixtures.features.graphql.client import GraphQLClient
from backend.tests.fixtures.features.graphql.socket import GraphQLSocket, subscribe
from backend.tests.fixtures.websocket import WebSocketSession

CHANGES = """
subscription ($id: UUID!) { orderChanges(id: $id) { status lines { product { name } } } }
"""


@pytest.fixture
def token(token_of: TokenOf, customer: Customer) -> str:
    """The token of `customer`."""
    return token_of(customer)


@pytest.fixture
def bus(shop: ShopContainer) -> MemoryEventBus:
    """The running app's bus."""
    return cast("MemoryEventBus", shop.bus)


@pytest.fixture
async def order(db_session: AsyncSession, customer: Customer) -> Order:
    """A pending order of `customer`."""
    return await OrderFactory.create(db_session, customer=customer)


async def listen(socket: WebSocketSession, order: Order, name: str = "1") -> None:
    await socket.send_json(subscribe(CHANGES, {"id": str(order.id)}, id=name))


async def next_change(socket: WebSocketSession) -> Any:
    message = await socket.receive_json()
    assert message["type"] == "next", message
    return message["payload"]["data"]["orderChanges"]


async def nobody_listens(bus: MemoryEventBus) -> None:
    async with async_timeout(2, operation="the end of the subscription"):
        while bus.listeners:  # noqa: ASYNC110 - the bus has no event for it
            await asyncio.sleep(0)


async def test_it_is_sent_now_and_after_each_change(
    graphql_socket: GraphQLSocket,
    authenticated_client: httpx2.AsyncClient,
    token: str,
    order: Order,
    db_session: AsyncSession,
    integration_db: Database,
) -> None:
    async with graphql_socket(token) as socket:
        await listen(socket, order)
        assert (await next_change(socket))["status"] == "PENDING"
        pool = cast("QueuePool", integration_db.engine.pool)
        assert pool.checkedout() == 0  # while it waits
        product = await db_session.get_one(ProductFactory._meta.model, order.lines[0].product_id)
        product.name = "Another name"
        await db_session.commit()
        await authenticated_client.post(f"/api/v1/orders/{order.id}/cancel")
        assert await next_change(socket) == {
            "status": "CANCELLED",
            "lines": [{"product": {"name": "Another name"}}],
        }


async def test_a_mutation_on_the_socket_is_published_too(
    graphql_socket: GraphQLSocket, token: str, order: Order
) -> None:
    async with graphql_socket(token) as socket:
        await listen(socket, order)
        await next_change(socket)
        mutation = f'mutation {{ cancelOrder(id: "{order.id}") {{ status }} }}'
        await socket.send_json(subscribe(mutation, id="2"))
        messages = [await socket.receive_json() for _ in range(3)]
    assert sorted((one["id"], one["type"]) for one in messages) == [
        ("1", "next"),
        ("2", "complete"),
        ("2", "next"),
    ]


@pytest.mark.parametrize("leaves", ["complete", "close"])
async def test_a_disconnect_leaves_nothing_behind(
    graphql_socket: GraphQLSocket, token: str, order: Order, bus: MemoryEventBus, leaves: str
) -> None:
    async with graphql_socket(token) as socket:
        await listen(socket, order)
        await next_change(socket)
        assert bus.listeners == 1
        if leaves == "complete":
            await socket.send_json({"id": "1", "type": "complete"})
        else:
            await socket.close()
        await nobody_listens(bus)


async def test_another_customers_order_is_not_sent(
    graphql_socket: GraphQLSocket,
    token_of: TokenOf,
    order: Order,
    db_session: AsyncSession,
    bus: MemoryEventBus,
) -> None:
    async with graphql_socket(token_of(await CustomerFactory.create(db_session))) as socket:
        await listen(socket, order)
        payload = (await socket.receive_json())["payload"]
        assert payload["errors"][0]["extensions"]["code"] == "not_found"
        await nobody_listens(bus)


async def test_it_ends_with_the_token(
    graphql_socket: GraphQLSocket, token: str, order: Order, app: FastAPI, bus: MemoryEventBus
) -> None:
    lifetime = timedelta(seconds=899.9)
    async with graphql_socket(token) as socket:
        app.state.accounts = replace(app.state.accounts, clock=lambda: utc_now() + lifetime)
        await listen(socket, order)
        await next_change(socket)
        payload = (await socket.receive_json())["payload"]
        assert payload["errors"][0]["message"] == "The token has expired."
        assert payload["errors"][0]["extensions"]["code"] == "not_authenticated"
        await nobody_listens(bus)


async def test_a_stopping_server_ends_it_with_an_error(
    graphql_socket: GraphQLSocket, token: str, order: Order, bus: MemoryEventBus
) -> None:
    async with graphql_socket(token) as socket:
        await listen(socket, order)
        await next_change(socket)
        await bus.close()
        payload = (await socket.receive_json())["payload"]
        assert payload["errors"][0]["extensions"]["code"] == "unavailable"


async def test_concurrent_operations_of_a_socket_are_limited(
    graphql_socket: GraphQLSocket, token: str, order: Order
) -> None:
    async with graphql_socket(token) as socket:
        for number in range(20):
            await listen(socket, order, str(number))
            await next_change(socket)
        await listen(socket, order, "one too many")
        message = await socket.receive_json()
    assert (message["id"], message["type"]) == ("one too many", "error")
    assert message["payload"][0]["message"] == "Subscription limit reached"


async def test_it_is_rejected_over_http(
    graphql_client: GraphQLClient, token: str, bus: MemoryEventBus
) -> None:
    answer = await graphql_client(CHANGES, {"id": str(uuid4())}, token=token)
    assert answer.errors[0]["message"] == "A subscription needs a WebSocket."
    assert bus.listeners == 0
