"""The server process as load balancers and clients see it."""

import json

import httpx2
import pytest
from pytest_greenfield.live_server import LiveServer


@pytest.mark.parametrize("path", ["/health/live", "/health/ready"])
async def test_a_started_server_is_alive_and_ready(
    live_client: httpx2.AsyncClient, path: str
) -> None:
    answer = await live_client.get(path)
    assert (answer.status_code, answer.json()["status"]) in {(200, "ok"), (200, "degraded")}


async def test_each_request_is_logged_as_one_line_of_json(
    live_client: httpx2.AsyncClient, live_server: LiveServer
) -> None:
    answer = await live_client.get("/no-such-page", headers={"X-Request-ID": "find-me-4711"})
    assert answer.json()["request_id"] == answer.headers["X-Request-ID"] == "find-me-4711"
    assert await live_server.logged("find-me-4711")
    (line,) = (line for line in live_server.log.splitlines() if "find-me-4711" in line)
    assert json.loads(line)["status"] == 404


@pytest.mark.parametrize(("path", "text"), [("/openapi.json", '"/health/ready"'), ("/docs", "GET")])
async def test_the_description_is_served(
    live_client: httpx2.AsyncClient, path: str, text: str
) -> None:
    assert text in (await live_client.get(path)).text


async def test_a_body_that_is_too_large_is_refused_before_it_is_read(
    live_client: httpx2.AsyncClient,
) -> None:
    answer = await live_client.post("/", content=b"x" * (1024 * 1024 + 1))
    assert (answer.status_code, answer.json()["code"]) == (413, "payload_too_large")
