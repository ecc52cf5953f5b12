"""Request ids, headers, CORS, and responses that break off."""

from functools import cache

import httpx2
import pytest
from fastapi import FastAPI
from starlette.types import Message, Receive, Scope, Send
from structlog.testing import capture_logs

from backend.core.api.middleware import ErrorBoundary, choose_request_id
from backend.core.settings import Settings
from backend.main import create_app
from backend.tests.fakes.database import FakeDatabase
from backend.tests.fixtures.application import running

PAGE = "https://app.example.org"
PRODUCTION = Settings(environment="production", database_url="postgresql://app@db.example.org/app")


@cache  # building an application costs more than a test
def make_app(settings: Settings) -> FastAPI:
    return create_app(settings, database=FakeDatabase())


async def get(settings: Settings, path: str, **headers: str) -> httpx2.Response:
    async with running(make_app(settings)) as client:
        return await client.get(path, headers=headers)


class TestRequestIds:
    async def test_the_end_of_a_request_is_logged_with_its_id_and_without_its_query(self) -> None:
        app = make_app(Settings())
        async with running(app) as client:
            with capture_logs() as lines:
                response = await client.get("/?token=s3cr3t", headers={"X-Request-ID": "client-1"})
        assert response.headers["x-request-id"] == "client-1"
        (line,) = (line for line in lines if line["event"] == "request.finished")
        assert (line["method"], line["path"], line["status"]) == ("GET", "/", 200)
        assert "s3cr3t" not in str(line)

    def test_one_that_can_harm_nothing_is_kept_and_any_other_replaced(self) -> None:
        for given in ("a.b_c-D-8", "x" * 64):
            assert choose_request_id(given) == given
        for given in ("short", "x" * 65, "a space 1", "${jndi:x}"):
            assert len(choose_request_id(given)) == 32


@pytest.mark.parametrize("path", ["/", "/nowhere"])
async def test_security_headers_are_on_every_response(path: str) -> None:
    headers = (await get(PRODUCTION, path)).headers
    assert headers["cache-control"] == "no-store"
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["strict-transport-security"].startswith("max-age=")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"


@pytest.mark.parametrize(
    ("origins", "origin", "allowed"),
    [((), PAGE, None), ((PAGE,), PAGE, PAGE), ((PAGE,), "https://evil.example.org", None)],
    ids=["closed by default", "named", "not named"],
)
async def test_cors_lets_only_named_origins_in_and_never_with_cookies(
    origins: tuple[str, ...], origin: str, allowed: str | None
) -> None:
    headers = (await get(Settings(cors_origins=origins), "/", Origin=origin)).headers
    assert headers.get("access-control-allow-origin") == allowed
    assert "access-control-allow-credentials" not in headers


async def test_half_a_response_is_broken_off() -> None:
    sent: list[Message] = []
    start = {"type": "http.response.start", "status": 200, "headers": []}

    async def fail_halfway(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send(start)
        raise RuntimeError("too late")

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message)

    with pytest.raises(RuntimeError, match="too late"):
        await ErrorBoundary(fail_halfway)({"type": "http", "path": "/"}, receive, send)
    assert sent == [start]
