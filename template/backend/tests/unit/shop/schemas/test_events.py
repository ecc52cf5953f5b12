"""Messages of the WebSocket."""

from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from backend.shop.schemas.events import Authenticate, ClientMessage, Ping, Subscribe, Unsubscribe

ORDER = str(UUID(int=1))


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ({"type": "authenticate", "token": "abc"}, Authenticate),
        ({"type": "subscribe", "order_id": ORDER}, Subscribe),
        ({"type": "unsubscribe", "order_id": ORDER}, Unsubscribe),
        ({"type": "ping"}, Ping),
    ],
)
def test_a_message_is_identified_by_its_type(message: dict[str, Any], kind: type[object]) -> None:
    assert isinstance(ClientMessage.validate_python(message), kind)


@pytest.mark.parametrize(
    "message",
    [
        {},
        [],
        "ping",
        {"type": "shout"},
        {"type": "ping", "loud": True},
        {"type": "subscribe"},
        {"type": "subscribe", "order_id": "*"},
        {"type": "authenticate", "token": "x" * 2049},
        {"type": "authenticate", "token": None},
    ],
)
def test_other_messages_are_refused(message: Any) -> None:
    with pytest.raises(ValidationError):
        ClientMessage.validate_python(message)
