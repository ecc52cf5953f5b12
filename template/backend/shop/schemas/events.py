"""Messages of the events WebSocket. Each is a JSON object with a `type`."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints, TypeAdapter

from backend.accounts.schemas.base import Input
from backend.core.schemas import Output


class Authenticate(Input):
    """The first message. A token in the URL would end up in logs."""

    type: Literal["authenticate"]
    token: Annotated[str, StringConstraints(max_length=2048)]


class Subscribe(Input):
    """Subscribe to an order of yours."""

    type: Literal["subscribe"]
    order_id: UUID


class Unsubscribe(Input):
    """Unsubscribe from an order."""

    type: Literal["unsubscribe"]
    order_id: UUID


class Ping(Input):
    """Check the connection."""

    type: Literal["ping"]


ClientMessage = TypeAdapter[Authenticate | Subscribe | Unsubscribe | Ping](
    Annotated[Authenticate | Subscribe | Unsubscribe | Ping, Field(discriminator="type")]
)


class Authenticated(Output):
    """The token is valid; the client may subscribe."""

    type: Literal["authenticated"] = "authenticated"
    customer_id: UUID


class Subscribed(Output):
    """The subscription has started. `status` is the order's current status."""

    type: Literal["subscribed"] = "subscribed"
    order_id: UUID
    status: str


class Unsubscribed(Output):
    """The subscription has ended."""

    type: Literal["unsubscribed"] = "unsubscribed"
    order_id: UUID


class Pong(Output):
    """The reply to a ping."""

    type: Literal["pong"] = "pong"


class ErrorMessage(Output):
    """A message was invalid or not allowed; the connection stays open."""

    type: Literal["error"] = "error"
    code: str
    detail: str


class EventMessage(Output):
    """An order changed. Sent at least once; `id` identifies duplicates."""

    type: Literal["event"] = "event"
    id: UUID
    event: str
    order_id: UUID
    payload: dict[str, Any]
    occurred_at: datetime
