"""Order events over a WebSocket: several clients, a real database and outbox."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, cast
from uuid import uuid4

import httpx2
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from backend.accounts.adapters.security import TokenKind
from backend.accounts.models.customer import Customer
from backend.accounts.services.container import AccountsContainer
from backend.shop.adapters.events import MemoryEventBus
from backend.shop.models.order import Order
from backend.shop.services.container import ShopContainer
from backend.tests.factories.accounts import CustomerFactory
from backend.tests.factories.shop import OrderFactory
from backend.tests.fixtures.websocket import Connect, WebSocketClosed, WebSocketSession

URL = "/api/v1/events"


@pytest.fixture
def connect(websocket_client: Connect, accounts: AccountsContainer, customer: Customer) -> Connect:
    """Opens a socket authenticated as `customer` (or another)."""

    @asynccontextmanager
    async def connect(who: Customer = customer) -> AsyncIterator[WebSocketSession]:
        token = accounts.tokens.issue(TokenKind.ACCESS, subject=who.id, token_id=uuid4())
        async with websocket_client(URL) as socket:
            await socket.send_json({"type": "authenticate", "token": token})
            greeting = await socket.receive_json()
            assert greeting == {"type": "authenticated", "customer_id": str(who.id)}
            yield socket

    return connect


@pytest.fixture
def bus(shop: ShopContainer) -> MemoryEventBus:
    """The running app's bus."""
    return cast("MemoryEventBus", shop.bus)


@pytest.fixture
async def order(db_session: AsyncSession, customer: Customer) -> Order:
    """A pending order of `customer`."""
    return await OrderFactory.create(db_session, customer=customer)


async def subscribe(socket: WebSocketSession, order: Order) -> Any:
    await socket.send_json({"type": "subscribe", "order_id": str(order.id)})
    return await socket.receive_json()


async def cancel(client: httpx2.AsyncClient, order: Order) -> None:
    answer = await client.post(f"/api/v1/orders/{order.id}/cancel")
    assert answer.status_code == 200


class TestAuthentication:
    async def test_comes_first_or_the_connection_ends(self, websocket_client: Connect) -> None:
        for first in ('{"type": "ping"}', '{"type": "authenticate", "token": "x"}', "not json", ""):
            async with websocket_client(URL) as socket:
                await socket.send_text(first)
                with pytest.raises(WebSocketClosed) as closed:
                    await socket.receive_json()
            assert closed.value.code == 4401, first

    async def test_a_refresh_token_is_rejected(
        self, websocket_client: Connect, accounts: AccountsContainer, customer: Customer
    ) -> None:
        token = accounts.tokens.issue(TokenKind.REFRESH, subject=customer.id, token_id=uuid4())
        async with websocket_client(URL) as socket:
            await socket.send_json({"type": "authenticate", "token": token})
            with pytest.raises(WebSocketClosed, match="4401"):
                await socket.receive_json()

    async def test_twice_is_an_error_and_the_connection_stays(self, connect: Connect) -> None:
        async with connect() as socket:
            await socket.send_json({"type": "authenticate", "token": "x"})
            assert (await socket.receive_json())["code"] == "conflict"
            await socket.send_json({"type": "ping"})
            assert await socket.receive_json() == {"type": "pong"}


class TestConversation:
    async def test_a_subscription_is_acknowledged_with_the_current_status(
        self, connect: Connect, order: Order
    ) -> None:
        async with connect() as socket:
            assert await subscribe(socket, order) == {
                "type": "subscribed",
                "order_id": str(order.id),
                "status": "pending",
            }

    async def test_another_customers_order_looks_missing(
        self, connect: Connect, db_session: AsyncSession
    ) -> None:
        theirs = await OrderFactory.create(db_session)
        async with connect() as socket:
            answer = await subscribe(socket, theirs)
        assert (answer["type"], answer["code"]) == ("error", "not_found")

    async def test_an_invalid_message_gets_an_error_and_the_connection_stays(
        self, connect: Connect
    ) -> None:
        async with connect() as socket:
            for text in ('{"type": "sing"}', "[]", "x" * 5000):
                await socket.send_text(text)
                assert (await socket.receive_json())["code"] == "invalid_message"
            await socket.send_json({"type": "ping"})
            assert await socket.receive_json() == {"type": "pong"}


class TestEvents:
    async def test_reach_both_clients_that_subscribed_and_no_other(
        self,
        connect: Connect,
        order: Order,
        authenticated_client: httpx2.AsyncClient,
        db_session: AsyncSession,
        customer: Customer,
    ) -> None:
        other = await OrderFactory.create(db_session, customer=customer)
        async with connect() as one, connect() as two, connect() as elsewhere:
            await subscribe(one, order)
            await subscribe(two, order)
            await subscribe(elsewhere, other)
            await cancel(authenticated_client, order)
            events = [await socket.receive_json() for socket in (one, two)]
            assert events[0] == events[1]
            assert events[0]["event"] == "order.cancelled"
            assert events[0]["payload"]["status"] == "cancelled"
            await elsewhere.send_json({"type": "ping"})
            assert await elsewhere.receive_json() == {"type": "pong"}

    async def test_end_with_unsubscribing(
        self, connect: Connect, order: Order, authenticated_client: httpx2.AsyncClient
    ) -> None:
        async with connect() as socket:
            await subscribe(socket, order)
            await socket.send_json({"type": "unsubscribe", "order_id": str(order.id)})
            assert (await socket.receive_json())["type"] == "unsubscribed"
            await cancel(authenticated_client, order)
            await socket.send_json({"type": "ping"})
            assert await socket.receive_json() == {"type": "pong"}

    async def test_after_a_reconnect_the_acknowledgement_has_the_new_status(
        self, connect: Connect, order: Order, authenticated_client: httpx2.AsyncClient
    ) -> None:
        async with connect() as socket:
            await subscribe(socket, order)
        await cancel(authenticated_client, order)
        async with connect() as socket:
            assert (await subscribe(socket, order))["status"] == "cancelled"

    async def test_ten_clients_receive_the_same(
        self, connect: Connect, order: Order, authenticated_client: httpx2.AsyncClient
    ) -> None:
        async with AsyncExitStack() as stack:
            sockets = [await stack.enter_async_context(connect()) for _ in range(10)]
            await asyncio.gather(*(subscribe(socket, order) for socket in sockets))
            await cancel(authenticated_client, order)
            events = await asyncio.gather(*(socket.receive_json() for socket in sockets))
        assert {event["event"] for event in events} == {"order.cancelled"}
        assert len({event["id"] for event in events}) == 1


class TestEnd:
    async def test_disconnecting_ends_the_subscription(
        self, connect: Connect, order: Order, bus: MemoryEventBus
    ) -> None:
        async with connect() as socket, connect():
            await subscribe(socket, order)
            assert bus.listeners == 2
        assert bus.listeners == 0

    async def test_a_stopping_server_closes_with_its_code(
        self, connect: Connect, bus: MemoryEventBus
    ) -> None:
        async with connect() as socket:
            await bus.close()
            with pytest.raises(WebSocketClosed) as closed:
                await socket.receive_json()
        assert closed.value.code == 1001

    async def test_a_deactivated_account_cannot_reconnect(
        self,
        connect: Connect,
        db_session: AsyncSession,
        websocket_client: Connect,
        accounts: AccountsContainer,
    ) -> None:
        closed = await CustomerFactory.create(db_session, is_active=False)
        token = accounts.tokens.issue(TokenKind.ACCESS, subject=closed.id, token_id=uuid4())
        async with websocket_client(URL) as socket:
            await socket.send_json({"type": "authenticate", "token": token})
            with pytest.raises(WebSocketClosed, match="4401"):
                await socket.receive_json()
