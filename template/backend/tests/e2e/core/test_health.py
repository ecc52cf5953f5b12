"""The process that a load balancer sees."""

import httpx2

from pytest_greenfield.live_server import LiveServer


async def test_a_started_server_is_ready(live_client: httpx2.AsyncClient) -> None:
    answer = await live_client.get("/health/ready")
    assert answer.status_code == 200


async def test_a_requests_id_is_in_the_answer_and_in_the_log(
    live_client: httpx2.AsyncClient, live_server: LiveServer
) -> None:
    answer = await live_client.get("/health/live", headers={"X-Request-ID": "find-me-4711"})
    assert answer.headers["X-Request-ID"] == "find-me-4711"
    await live_client.get("/no-such-page", headers={"X-Request-ID": "find-me-4712"})
    assert await live_server.logged("find-me-4712")
