"""Request ids, headers, CORS, and errors that nobody handles."""

from functools import cache
from typing import Any

import httpx2
import pytest
import structlog
from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.core.api.middleware import ErrorBoundary, RequestContext, choose_request_id
from backend.core.settings import Settings
from backend.main import create_app
from backend.tests.fakes.database import FakeDatabase
from backend.tests.fixtures.application import running

PAGE = "https://app.example.org"
PRODUCTION = Settings(environment="production", database_url="postgresql://app@db.example.org/app")


@cache
def app_with(settings: Settings) -> FastAPI:
    """Make the application with these settings once: building one costs more than a test."""
    return create_app(settings, database=FakeDatabase())


async def get(settings: Settings, path: str = "/", **headers: str) -> httpx2.Response:
    """Ask an app with these settings once."""
    async with running(app_with(settings)) as client:
        return await client.get(path, headers={k.replace("_", "-"): v for k, v in headers.items()})


class TestRequestIds:
    async def test_the_response_and_every_log_line_have_the_clients(self) -> None:
        with structlog.testing.capture_logs([structlog.contextvars.merge_contextvars]) as lines:
            response = await get(Settings(), "/nowhere?token=s3cr3t", X_Request_ID="client-id-1")
        assert response.headers["x-request-id"] == "client-id-1"
        (line,) = (line for line in lines if line["event"] == "request.finished")
        assert (line["request_id"], line["method"], line["path"], line["status"]) == (
            *("client-id-1", "GET", "/nowhere"),
            404,
        )
        assert "s3cr3t" not in str(lines)
        assert "request_id" not in structlog.contextvars.get_contextvars()

    @pytest.mark.parametrize("given", ["0123456789abcdef", "a.b_c-D-8", "x" * 64])
    def test_a_harmless_one_is_kept(self, given: str) -> None:
        assert choose_request_id(given) == given

    @pytest.mark.parametrize(
        "given", [None, "short", "x" * 65, "with space 1", "line\nbreak1", "${jndi:x}", "ümlaut12"]
    )
    def test_anything_else_is_replaced(self, given: str | None) -> None:
        assert len(choose_request_id(given)) == 32


class TestSecurityHeaders:
    @pytest.mark.parametrize("path", ["/", "/nowhere"])
    async def test_they_are_on_every_response(self, path: str) -> None:
        headers = (await get(PRODUCTION, path)).headers
        assert headers["cache-control"] == "no-store"
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["strict-transport-security"].startswith("max-age=")
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"

    async def test_development_can_show_the_docs_over_http(self) -> None:
        headers = (await get(Settings(), "/docs")).headers
        assert "content-security-policy" not in headers
        assert "strict-transport-security" not in headers


class TestCors:
    @pytest.mark.parametrize(
        ("origins", "asking", "allowed"),
        [
            ((), PAGE, None),
            ((PAGE,), PAGE, PAGE),
            ((PAGE,), "https://evil.example.org", None),
        ],
        ids=["closed by default", "named", "not named"],
    )
    async def test_only_named_origins_are_let_in_and_never_with_cookies(
        self, origins: tuple[str, ...], asking: str, allowed: str | None
    ) -> None:
        headers = (await get(Settings(cors_origins=origins), Origin=asking)).headers
        assert headers.get("access-control-allow-origin") == allowed
        assert "access-control-allow-credentials" not in headers


class Exchange:
    """An ASGI connection without a server: what is sent is kept."""

    def __init__(self, kind: str) -> None:
        self.scope: dict[str, Any] = {"type": kind, "path": "/", "headers": []}
        self.sent: list[Message] = []

    async def run(self, app: ASGIApp) -> list[Message]:
        """Let the application serve this connection; return what it sent."""

        async def receive() -> Message:
            return {"type": "connect"}

        async def send(message: Message) -> None:
            self.sent.append(message)

        await app(self.scope, receive, send)
        return self.sent


def failing_after(*messages: Message) -> ASGIApp:
    """Make an application that sends some messages and fails."""

    async def fail(_scope: Scope, _receive: Receive, send: Send) -> None:
        for message in messages:
            await send(message)
        raise RuntimeError("too late")

    return fail


class TestErrorBoundary:
    async def test_half_a_response_is_broken_off(self) -> None:
        exchange = Exchange("http")
        start = {"type": "http.response.start", "status": 200, "headers": []}
        with pytest.raises(RuntimeError, match="too late"):
            await exchange.run(ErrorBoundary(failing_after(start)))
        assert exchange.sent == [start]

    @pytest.mark.parametrize("code", [None, 1000])
    async def test_a_websocket_is_closed_once(self, code: int | None) -> None:
        closing = [{"type": "websocket.close", "code": code}] if code else []
        sent = await Exchange("websocket").run(ErrorBoundary(failing_after(*closing)))
        assert sent == [{"type": "websocket.close", "code": code or 1011}]


async def test_a_websocket_gets_an_id_as_it_is_accepted() -> None:
    with pytest.raises(RuntimeError):
        await (exchange := Exchange("websocket")).run(
            RequestContext(failing_after({"type": "websocket.accept"}), headers={})
        )
    assert [name for name, _ in exchange.sent[0]["headers"]] == [b"x-request-id"]
