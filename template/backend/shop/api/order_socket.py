"""A WebSocket that sends customers events of their orders.

A waiting socket holds no session: each query is a short unit of work.
"""

import asyncio
from uuid import UUID

import structlog
from fastapi import WebSocket, WebSocketDisconnect
from pydantic import ValidationError

from backend.accounts.adapters.security import TokenKind
from backend.accounts.models.customer import Customer
from backend.accounts.services.container import AccountsContainer
from backend.core.errors import (
    AppError,
    AuthenticationError,
    ConflictError,
    UnavailableError,
)
from backend.core.schemas import Output
from backend.shop.adapters.events import BusClosedError, Event, SlowConsumerError, Subscription
from backend.shop.schemas.events import (
    Authenticate,
    Authenticated,
    ClientMessage,
    ErrorMessage,
    EventMessage,
    Ping,
    Pong,
    Subscribe,
    Subscribed,
    Unsubscribe,
    Unsubscribed,
)
from backend.shop.services.container import ShopContainer
from backend.shop.services.order_events import make_topic

logger = structlog.stdlib.get_logger(__name__)

# Application codes start at 4000; the others are defined by the protocol.
UNAUTHENTICATED = 4401
GOING_AWAY = 1001
TRY_AGAIN_LATER = 1013

MAX_MESSAGE = 4096
MAX_ORDERS = 100


class OrderSocket:
    """One connection, from authentication to close."""

    def __init__(
        self,
        websocket: WebSocket,
        shop: ShopContainer,
        accounts: AccountsContainer,
        *,
        auth_timeout: float = 5.0,
        send_timeout: float = 10.0,
    ) -> None:
        """Use an accepted socket; both time-outs are in seconds."""
        self._websocket = websocket
        self._shop = shop
        self._accounts = accounts
        self._auth_timeout = auth_timeout
        self._send_timeout = send_timeout
        self._sending = asyncio.Lock()
        self._orders: set[UUID] = set()

    async def run(self) -> None:
        """Serve the connection until it closes. Never raises because of the client."""
        try:
            await self._talk()
        except UnavailableError:
            await self._close(TRY_AGAIN_LATER, "Try again later.")

    async def _talk(self) -> None:
        try:
            async with asyncio.timeout(self._auth_timeout):
                customer, seconds = await self._authenticate()
        except WebSocketDisconnect:
            return
        except (AuthenticationError, TimeoutError):
            await self._close(UNAUTHENTICATED, "Authenticate first.")
            return
        try:
            # The connection closes when its token expires; the client reconnects with a new one.
            async with asyncio.timeout(seconds):
                await self._serve(customer)
        except TimeoutError:
            await self._close(UNAUTHENTICATED, "The token has expired.")

    async def _authenticate(self) -> tuple[Customer, float]:
        """Return the customer and the seconds until the token expires."""
        try:
            message = ClientMessage.validate_json(await self._receive())
        except ValidationError as error:
            raise AuthenticationError from error
        if not isinstance(message, Authenticate):
            raise AuthenticationError
        claims = self._accounts.tokens.check(message.token, TokenKind.ACCESS)
        async with self._accounts.open_unit_of_work() as uow:
            customer = await self._accounts.accounts(uow).authenticate(message.token)
        await self._send(Authenticated(customer_id=customer.id))
        return customer, (claims.expires_at - self._accounts.clock()).total_seconds()

    async def _serve(self, customer: Customer) -> None:
        async with self._shop.bus.subscribe() as subscription:
            tasks = {
                asyncio.create_task(self._listen(customer, subscription)),
                asyncio.create_task(self._forward(subscription)),
            }
            try:
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
        await self._end(next(iter(done)).exception())

    async def _end(self, reason: BaseException | None) -> None:
        match reason:
            case WebSocketDisconnect():
                return
            case BusClosedError():
                await self._close(GOING_AWAY, "The server is stopping.")
            case SlowConsumerError() | TimeoutError():
                await self._close(TRY_AGAIN_LATER, "Events were lost. Read the orders again.")
            case None:  # neither loop ends without an exception
                return
            case _:
                raise reason

    async def _listen(self, customer: Customer, subscription: Subscription) -> None:
        """Answer the client's messages until it disconnects."""
        while True:
            text = await self._receive()
            try:
                answer = await self._answer(
                    ClientMessage.validate_json(text), customer, subscription
                )
            except ValidationError:
                answer = ErrorMessage(code="invalid_message", detail="Unknown message.")
            except AppError as error:
                answer = ErrorMessage(code=error.code, detail=error.message)
            await self._send(answer)

    async def _answer(
        self,
        message: Authenticate | Subscribe | Unsubscribe | Ping,
        customer: Customer,
        subscription: Subscription,
    ) -> Output:
        match message:
            case Subscribe(order_id=order_id):
                return await self._subscribe(order_id, customer, subscription)
            case Unsubscribe(order_id=order_id):
                self._orders.discard(order_id)
                subscription.remove(make_topic(order_id))
                return Unsubscribed(order_id=order_id)
            case Ping():
                return Pong()
            case Authenticate():
                raise ConflictError("Already authenticated.")

    async def _subscribe(
        self, order_id: UUID, customer: Customer, subscription: Subscription
    ) -> Subscribed:
        if len(self._orders) >= MAX_ORDERS and order_id not in self._orders:
            raise ConflictError(f"At most {MAX_ORDERS} orders at once.")
        await self._read_status(order_id, customer)  # raises unless it is theirs
        self._orders.add(order_id)
        subscription.add(make_topic(order_id))
        # Read again after subscribing, so that no change is missed in between.
        return Subscribed(order_id=order_id, status=await self._read_status(order_id, customer))

    async def _read_status(self, order_id: UUID, customer: Customer) -> str:
        async with self._shop.open_unit_of_work() as uow:
            order = await self._shop.orders(uow).get(order_id, viewer=customer)
        return order.status.value

    async def _forward(self, subscription: Subscription) -> None:
        """Forward events until the bus ends the subscription."""
        while True:
            await self._send(_to_message(await subscription.get()))

    async def _receive(self) -> str:
        message = await self._websocket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1005))
        text: str = message.get("text") or ""  # binary messages are not supported
        return text if len(text) <= MAX_MESSAGE else ""

    async def _send(self, message: Output) -> None:
        async with self._sending, asyncio.timeout(self._send_timeout):
            await self._websocket.send_text(message.model_dump_json())

    async def _close(self, code: int, reason: str) -> None:
        logger.info("socket.closed", code=code, reason=reason)
        try:
            async with asyncio.timeout(self._send_timeout):
                await self._websocket.close(code, reason)
        except (TimeoutError, RuntimeError, WebSocketDisconnect):
            logger.info("socket.gone")  # the client has already disconnected


def _to_message(event: Event) -> EventMessage:
    return EventMessage(
        id=event.id,
        event=event.type,
        order_id=UUID(event.payload["order_id"]),
        payload=dict(event.payload),
        occurred_at=event.occurred_at,
    )
