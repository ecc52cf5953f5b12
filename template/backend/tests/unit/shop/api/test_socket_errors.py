"""A WebSocket whose route fails is closed once; an accepted one has its request's id."""

import pytest
from starlette.types import Message, Receive, Scope, Send

from backend.core.api.middleware import ErrorBoundary, RequestContext


async def serve(*messages: Message) -> list[Message]:
    """Serve a route that sends some messages and fails; return what the client gets."""
    got: list[Message] = []

    async def fail(_scope: Scope, _receive: Receive, send: Send) -> None:
        for message in messages:
            await send(message)
        raise RuntimeError("the password is s3cr3t")

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        got.append(message)

    app = RequestContext(ErrorBoundary(fail), headers={})
    await app({"type": "websocket", "path": "/", "headers": []}, receive, send)
    return got


@pytest.mark.parametrize("code", [None, 1000])
async def test_it_is_closed_once(code: int | None) -> None:
    closing = [{"type": "websocket.close", "code": code}] if code else []
    assert await serve(*closing) == [{"type": "websocket.close", "code": code or 1011}]


async def test_it_gets_an_id_as_it_is_accepted() -> None:
    accepted, closed = await serve({"type": "websocket.accept"})
    assert [name for name, _ in accepted["headers"]] == [b"x-request-id"]
    assert closed["code"] == 1011
