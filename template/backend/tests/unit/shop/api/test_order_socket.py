"""The WebSocket for order events."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI, WebSocket
from starlette.websockets import WebSocketState

from backend.accounts.models.customer import Customer
from backend.shop.adapters.events import Event
from backend.shop.api.order_socket import MAX_MESSAGE, MAX_ORDERS, OrderSocket
from backend.shop.models.order import Order
from backend.shop.services.order_events import make_event, make_topic
from backend.tests.factories.shop import OrderFactory
from backend.tests.fakes.accounts.container import AUTH
from backend.tests.fakes.shop.container import FakeShop
from backend.tests.fixtures.websocket import Connect, WebSocketClosed, WebSocketSession


@pytest.fixture
def app(fake_shop: FakeShop) -> FastAPI:
    """An application with only the socket, with short time-outs."""
    app = FastAPI()

    @app.websocket("/")
    async def listen(websocket: WebSocket) -> None:
        await websocket.accept()
        await OrderSocket(
            websocket, fake_shop.shop, fake_shop.accounts, auth_timeout=0.05, send_timeout=0.05
        ).run()

    return app


@pytest.fixture
async def order(fake_shop: FakeShop, customer: Customer) -> Order:
    order = OrderFactory.build(customer=customer)
    await fake_shop.uow.orders.add(order)
    return order


@pytest.fixture
def connect(app: FastAPI, fake_shop: FakeShop, customer: Customer) -> Connect:
    """Open a socket authenticated as a customer."""

    @asynccontextmanager
    async def connect(who: Customer = customer) -> AsyncIterator[WebSocketSession]:
        async with WebSocketSession(app, "/") as socket:
            await socket.send_json({"type": "authenticate", "token": fake_shop.token_for(who)})
            assert await socket.receive_json() == {
                "type": "authenticated",
                "customer_id": str(who.id),
            }
            yield socket

    return connect


async def subscribe(socket: WebSocketSession, order: Order) -> Any:
    await socket.send_json({"type": "subscribe", "order_id": str(order.id)})
    return await socket.receive_json()


async def tell(fake_shop: FakeShop, order: Order) -> None:
    """Publish an order's new status, like the dispatcher."""
    event = make_event(order)
    await fake_shop.bus.publish(
        Event(event.id, event.topic, event.type, event.payload, fake_shop.clock.now)
    )


async def hear_all(socket: WebSocketSession) -> None:
    """Receive everything until the end."""
    while True:
        await socket.receive_json()


class TestAuthentication:
    @pytest.mark.parametrize(
        "message",
        [
            {"type": "authenticate", "token": "nonsense"},
            {"type": "ping"},
            {"type": "subscribe", "order_id": str(UUID(int=1))},
            {},
        ],
        ids=str,
    )
    async def test_the_first_message_must_have_a_valid_token(
        self, app: FastAPI, message: dict[str, str]
    ) -> None:
        async with WebSocketSession(app, "/") as socket:
            await socket.send_json(message)
            with pytest.raises(WebSocketClosed) as closed:
                await socket.receive_json()
        assert closed.value.code == 4401

    async def test_a_silent_client_is_disconnected(self, app: FastAPI) -> None:
        async with WebSocketSession(app, "/") as socket:
            with pytest.raises(WebSocketClosed) as closed:
                await socket.receive_json()
        assert closed.value.code == 4401

    async def test_an_early_disconnect_leaves_nothing_behind(
        self, app: FastAPI, fake_shop: FakeShop
    ) -> None:
        async with WebSocketSession(app, "/"):
            pass
        assert fake_shop.bus.listeners == 0

    async def test_a_connection_ends_with_its_token(
        self, app: FastAPI, fake_shop: FakeShop, customer: Customer
    ) -> None:
        token = fake_shop.token_for(customer)
        fake_shop.clock.advance(AUTH.access_token_seconds - 0.05)
        async with WebSocketSession(app, "/") as socket:
            await socket.send_json({"type": "authenticate", "token": token})
            await socket.receive_json()
            with pytest.raises(WebSocketClosed, match="expired"):
                await socket.receive_json()


class TestSubscriptions:
    async def test_it_is_acknowledged_with_the_current_status(
        self, connect: Connect, order: Order
    ) -> None:
        async with connect() as socket:
            assert await subscribe(socket, order) == {
                "type": "subscribed",
                "order_id": str(order.id),
                "status": "pending",
            }

    async def test_its_events_are_received(
        self, connect: Connect, order: Order, fake_shop: FakeShop
    ) -> None:
        async with connect() as socket:
            await subscribe(socket, order)
            await tell(fake_shop, order)
            event = await socket.receive_json()
        assert (event["type"], event["event"]) == ("event", "order.pending")
        assert event["order_id"] == event["payload"]["order_id"] == str(order.id)

    @pytest.mark.parametrize("whose", ["somebody else's", "nobody's"])
    async def test_only_events_of_own_orders_are_received(
        self, connect: Connect, fake_shop: FakeShop, whose: str
    ) -> None:
        other = OrderFactory.build()
        if whose == "somebody else's":
            await fake_shop.uow.orders.add(other)
        async with connect() as socket:
            answer = await subscribe(socket, other)
            assert (answer["type"], answer["code"]) == ("error", "not_found")
            await tell(fake_shop, other)
            await socket.send_json({"type": "ping"})
            assert await socket.receive_json() == {"type": "pong"}

    async def test_after_unsubscribing_nothing_is_received(
        self, connect: Connect, order: Order, fake_shop: FakeShop
    ) -> None:
        async with connect() as socket:
            await subscribe(socket, order)
            await socket.send_json({"type": "unsubscribe", "order_id": str(order.id)})
            assert (await socket.receive_json())["type"] == "unsubscribed"
            await tell(fake_shop, order)
            await socket.send_json({"type": "ping"})
            assert await socket.receive_json() == {"type": "pong"}

    async def test_all_connections_of_a_customer_receive_events(
        self, connect: Connect, order: Order, fake_shop: FakeShop
    ) -> None:
        async with connect() as one, connect() as two, connect() as not_subscribed:
            await subscribe(one, order)
            await subscribe(two, order)
            await tell(fake_shop, order)
            assert await one.receive_json() == await two.receive_json()
            await not_subscribed.send_json({"type": "ping"})
            assert await not_subscribed.receive_json() == {"type": "pong"}

    async def test_their_number_is_limited(
        self, connect: Connect, customer: Customer, fake_shop: FakeShop
    ) -> None:
        orders = [OrderFactory.build(customer=customer) for _ in range(MAX_ORDERS + 1)]
        for order in orders:
            await fake_shop.uow.orders.add(order)
        async with connect() as socket:
            answers = [await subscribe(socket, order) for order in orders]
            assert {answer["type"] for answer in answers[:-1]} == {"subscribed"}
            assert answers[-1]["code"] == "conflict"
            assert (await subscribe(socket, orders[0]))["type"] == "subscribed"


class TestConversation:
    async def test_a_ping_gets_a_pong(self, connect: Connect) -> None:
        async with connect() as socket:
            await socket.send_json({"type": "ping"})
            assert await socket.receive_json() == {"type": "pong"}

    @pytest.mark.parametrize(
        "text", ["", "{", "[]", '{"type": "shout"}', '"' + "x" * MAX_MESSAGE + '"']
    )
    async def test_an_invalid_message_gets_an_error_and_the_connection_stays(
        self, connect: Connect, text: str
    ) -> None:
        async with connect() as socket:
            await socket.send_text(text)
            assert (await socket.receive_json())["code"] == "invalid_message"
            await socket.send_json({"type": "ping"})
            assert await socket.receive_json() == {"type": "pong"}

    async def test_authenticating_twice_is_an_error(
        self, connect: Connect, fake_shop: FakeShop, customer: Customer
    ) -> None:
        async with connect() as socket:
            await socket.send_json({"type": "authenticate", "token": fake_shop.token_for(customer)})
            assert (await socket.receive_json())["code"] == "conflict"


class TestEnd:
    async def test_a_disconnect_leaves_nothing_behind(
        self, connect: Connect, order: Order, fake_shop: FakeShop
    ) -> None:
        async with connect() as socket:
            await subscribe(socket, order)
            assert fake_shop.bus.listeners == 1
        assert fake_shop.bus.listeners == 0
        await tell(fake_shop, order)

    async def test_a_stopping_server_closes_with_its_code(
        self, connect: Connect, fake_shop: FakeShop
    ) -> None:
        async with connect() as socket:
            await fake_shop.bus.close()
            with pytest.raises(WebSocketClosed) as closed:
                await socket.receive_json()
        assert closed.value.code == 1001

    async def test_a_slow_client_is_asked_to_reconnect(
        self, connect: Connect, order: Order, fake_shop: FakeShop
    ) -> None:
        async with connect() as socket:
            await subscribe(socket, order)
            for _ in range(101):  # all before the socket's task runs
                await tell(fake_shop, order)
            with pytest.raises(WebSocketClosed) as closed:
                await hear_all(socket)
        assert closed.value.code == 1013

    async def test_a_client_that_stops_reading_is_disconnected(
        self, fake_shop: FakeShop, customer: Customer, order: Order
    ) -> None:
        from_client: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        subscribed = asyncio.Event()

        async def send(message: Any) -> None:
            if subscribed.is_set():
                await asyncio.Event().wait()
            if '"subscribed"' in message.get("text", ""):
                subscribed.set()

        for message in (
            f'{{"type": "authenticate", "token": "{fake_shop.token_for(customer)}"}}',
            f'{{"type": "subscribe", "order_id": "{order.id}"}}',
        ):
            from_client.put_nowait({"type": "websocket.receive", "text": message})
        websocket = WebSocket({"type": "websocket"}, from_client.get, send)
        websocket.client_state = WebSocketState.CONNECTED
        await websocket.accept()
        running = asyncio.create_task(
            OrderSocket(websocket, fake_shop.shop, fake_shop.accounts, send_timeout=0.01).run()
        )
        await subscribed.wait()
        await tell(fake_shop, order)
        await asyncio.wait_for(running, 0.5)
        assert fake_shop.bus.listeners == 0

    async def test_a_bug_is_not_hidden(
        self, connect: Connect, order: Order, fake_shop: FakeShop
    ) -> None:
        async def hear_nonsense() -> None:
            async with connect() as socket:
                await subscribe(socket, order)
                topic = make_topic(order.id)
                await fake_shop.bus.publish(
                    Event(uuid4(), topic, "order.paid", {}, fake_shop.clock.now)
                )
                await socket.receive_json()

        with pytest.raises(KeyError, match="order_id"):
            await hear_nonsense()
        assert fake_shop.bus.listeners == 0
