"""The middleware, each on the smallest application that shows it."""

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx2
import pytest
import structlog
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.core.middleware import (
    BodyLimit,
    DefaultHeaders,
    ErrorBoundary,
    RequestContext,
    choose_request_id,
)

MakeClient = Callable[[ASGIApp], httpx2.AsyncClient]


def client_on(app: ASGIApp) -> httpx2.AsyncClient:
    """Make a client; exceptions of the app reach the test."""
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://test")


async def answer(send: Send, body: bytes = b"fine", **headers: str) -> None:
    """Send a whole response."""
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": 200, "headers": raw})
    await send({"type": "http.response.body", "body": body})


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the request's body."""
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    await answer(send, body)


async def fail(_scope: Scope, _receive: Receive, _send: Send) -> None:
    """Fail before anything is sent."""
    raise RuntimeError("the password is s3cr3t")


class Exchange:
    """An ASGI connection without a server: what is sent is kept."""

    def __init__(self, kind: str) -> None:
        self.scope: dict[str, Any] = {"type": kind, "path": "/", "headers": []}
        self.sent: list[Message] = []

    async def receive(self) -> Message:
        """Say that the client is there."""
        return {"type": f"{self.scope['type']}.connect"}

    async def send(self, message: Message) -> None:
        """Keep the message."""
        self.sent.append(message)

    async def run(self, app: ASGIApp) -> None:
        """Let the application serve this connection."""
        await app(self.scope, self.receive, self.send)


class TestRequestContext:
    async def test_each_request_gets_an_id(self) -> None:
        async with client_on(RequestContext(echo)) as client:
            first, second = await client.get("/"), await client.get("/")
        assert len(first.headers["x-request-id"]) == 32
        assert first.headers["x-request-id"] != second.headers["x-request-id"]

    async def test_the_applications_log_lines_carry_it(self) -> None:
        seen: list[object] = []

        async def look(scope: Scope, _receive: Receive, send: Send) -> None:
            seen.append(structlog.contextvars.get_contextvars()["request_id"])
            seen.append(scope["state"]["request_id"])
            await answer(send)

        async with client_on(RequestContext(look)) as client:
            response = await client.get("/", headers={"X-Request-ID": "client-id-1"})
        assert seen == ["client-id-1"] * 2
        assert response.headers["x-request-id"] == "client-id-1"
        assert "request_id" not in structlog.contextvars.get_contextvars()

    async def test_the_end_of_a_request_is_logged_without_its_query(self) -> None:
        with structlog.testing.capture_logs() as lines:
            async with client_on(RequestContext(echo)) as client:
                await client.get("/path?token=s3cr3t")
        (line,) = (line for line in lines if line["event"] == "request.finished")
        assert (line["method"], line["path"], line["status"]) == ("GET", "/path", 200)
        assert line["duration_ms"] >= 0
        assert "s3cr3t" not in str(lines)

    async def test_a_websocket_gets_an_id_as_it_is_accepted(self) -> None:
        async def accept(_scope: Scope, _receive: Receive, send: Send) -> None:
            await send({"type": "websocket.accept"})

        exchange = Exchange("websocket")
        await exchange.run(RequestContext(accept))
        assert [name for name, _ in exchange.sent[0]["headers"]] == [b"x-request-id"]


class TestChooseRequestId:
    @pytest.mark.parametrize("given", ["0123456789abcdef", "a.b_c-D-8", "x" * 64])
    def test_a_harmless_id_is_kept(self, given: str) -> None:
        assert choose_request_id(given) == given

    @pytest.mark.parametrize(
        "given",
        [
            None,
            "",
            "short",
            "x" * 65,
            "with space 1",
            "line\nbreak1",
            "${jndi:x}",
            "quote'1234",
            "ümlaut12",
        ],
    )
    def test_anything_else_is_replaced(self, given: str | None) -> None:
        assert choose_request_id(given) != given


class TestDefaultHeaders:
    async def test_they_are_added_where_missing(self) -> None:
        async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
            await answer(send, cache_control="max-age=60")

        headers = {"Cache-Control": "no-store", "X-Frame-Options": "DENY"}
        async with client_on(DefaultHeaders(app, headers)) as client:
            response = await client.get("/")
        assert response.headers.get_list("cache-control") == ["max-age=60"]
        assert response.headers["x-frame-options"] == "DENY"


class TestErrorBoundary:
    async def test_an_unknown_error_becomes_a_500_that_tells_nothing(self) -> None:
        async with client_on(RequestContext(ErrorBoundary(fail))) as client:
            response = await client.get("/", headers={"X-Request-ID": "client-id-1"})
        assert response.status_code == 500
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json()["code"] == "internal_error"
        assert response.json()["request_id"] == "client-id-1"
        assert "s3cr3t" not in response.text
        assert "RuntimeError" not in response.text

    async def test_the_log_says_what_it_was(self) -> None:
        with structlog.testing.capture_logs() as lines:
            async with client_on(ErrorBoundary(fail)) as client:
                await client.get("/path")
        assert lines == [
            {"event": "request.failed", "log_level": "error", "path": "/path", "exc_info": True}
        ]

    async def test_half_a_response_is_broken_off(self) -> None:
        async def stop_halfway(_scope: Scope, _receive: Receive, send: Send) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            raise RuntimeError("too late")

        exchange = Exchange("http")
        with pytest.raises(RuntimeError, match="too late"):
            await exchange.run(ErrorBoundary(stop_halfway))
        assert [message["type"] for message in exchange.sent] == ["http.response.start"]

    async def test_a_websocket_is_closed(self) -> None:
        exchange = Exchange("websocket")
        await exchange.run(ErrorBoundary(fail))
        assert exchange.sent == [{"type": "websocket.close", "code": 1011}]

    async def test_a_closed_websocket_is_not_closed_again(self) -> None:
        async def close_and_fail(scope: Scope, receive: Receive, send: Send) -> None:
            await send({"type": "websocket.close", "code": 1000})
            await fail(scope, receive, send)

        exchange = Exchange("websocket")
        await exchange.run(ErrorBoundary(close_and_fail))
        assert exchange.sent == [{"type": "websocket.close", "code": 1000}]


class TestBodyLimit:
    async def test_a_body_at_the_limit_passes(self) -> None:
        async with client_on(BodyLimit(echo, max_bytes=10)) as client:
            response = await client.post("/", content=b"x" * 10)
        assert response.content == b"x" * 10

    async def test_a_declared_length_above_it_is_refused_unread(self) -> None:
        async with client_on(RequestContext(BodyLimit(fail, max_bytes=10))) as client:
            response = await client.post("/", content=b"x" * 11)
        assert response.status_code == 413
        assert response.json()["code"] == "payload_too_large"
        assert response.json()["request_id"] == response.headers["x-request-id"]

    async def test_chunks_are_counted_as_they_are_read(self) -> None:
        sent = 0

        async def chunks() -> AsyncIterator[bytes]:
            nonlocal sent
            for _ in range(100):
                sent += 4
                yield b"xxxx"

        async with client_on(BodyLimit(echo, max_bytes=10)) as client:
            with pytest.raises(HTTPException) as refusal:
                await client.post("/", content=chunks())
        assert refusal.value.status_code == 413
        assert sent <= 16

    @pytest.mark.parametrize("declared", ["many", "-1", ""])
    async def test_a_length_that_is_no_number_does_not_open_the_door(self, declared: str) -> None:
        async with client_on(BodyLimit(echo, max_bytes=10)) as client:
            request = client.build_request("POST", "/", content=b"x" * 11)
            request.headers["Content-Length"] = declared
            with pytest.raises(HTTPException):
                await client.send(request)


@pytest.mark.parametrize(
    "wrap", [RequestContext, ErrorBoundary, lambda app: BodyLimit(app, max_bytes=1)]
)
async def test_the_lifespan_passes_untouched(wrap: Callable[[ASGIApp], ASGIApp]) -> None:
    seen: list[object] = []

    async def look(scope: Scope, receive: Receive, send: Send) -> None:
        seen.extend([receive, send])

    exchange = Exchange("lifespan")
    await exchange.run(wrap(look))
    assert seen == [exchange.receive, exchange.send]
    assert "state" not in exchange.scope
    assert json.dumps(exchange.sent) == "[]"
