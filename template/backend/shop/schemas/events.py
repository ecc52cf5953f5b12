"""What is said on the events' WebSocket. Every message is a JSON object with a `type`."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints, TypeAdapter

from backend.accounts.schemas.base import Input
from backend.core.schemas import Output


class Authenticate(Input):
    """The first message. A token in the address would end up in logs."""

    type: Literal["authenticate"]
    token: Annotated[str, StringConstraints(max_length=2048)]


class Subscribe(Input):
    """Tell me about an order of mine."""

    type: Literal["subscribe"]
    order_id: UUID


class Unsubscribe(Input):
    """No more about this order."""

    type: Literal["unsubscribe"]
    order_id: UUID


class Ping(Input):
    """Are you there?"""

    type: Literal["ping"]


ClientMessage = TypeAdapter[Authenticate | Subscribe | Unsubscribe | Ping](
    Annotated[Authenticate | Subscribe | Unsubscribe | Ping, Field(discriminator="type")]
)


class Authenticated(Output):
    """The token is good; its bearer may subscribe."""

    type: Literal["authenticated"] = "authenticated"
    customer_id: UUID


class Subscribed(Output):
    """From now on you hear about this order. `status` is what it is now."""

    type: Literal["subscribed"] = "subscribed"
    order_id: UUID
    status: str


class Unsubscribed(Output):
    """You hear no more about this order."""

    type: Literal["unsubscribed"] = "unsubscribed"
    order_id: UUID


class Pong(Output):
    """I am here."""

    type: Literal["pong"] = "pong"


class ErrorMessage(Output):
    """A message was not understood or not allowed; the connection stays."""

    type: Literal["error"] = "error"
    code: str
    detail: str


class EventMessage(Output):
    """Something happened to an order. At least once: `id` tells repetitions apart."""

    type: Literal["event"] = "event"
    id: UUID
    event: str
    order_id: UUID
    payload: dict[str, Any]
    occurred_at: datetime
