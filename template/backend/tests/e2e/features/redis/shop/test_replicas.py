"""Two replicas of the application that share a database and Redis."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping

import httpx2
import pytest
from pytest_greenfield.live_server import LiveServer, run_live_server
from pytest_httpserver import HTTPServer
from websockets.asyncio.client import connect

from backend.tests.e2e.shop.messages import receive, send
from backend.tests.e2e.shop.purchases import create_product, place_order, post_payment
from backend.tests.fixtures.accounts.live import NewPerson, Person
from backend.tests.fixtures.features.redis.connection import RedisAway


@pytest.fixture(scope="module")
def second_server(
    worker_db_url: str,
    live_server_env: Mapping[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[LiveServer]:
    """A second process of the application."""
    log_file = tmp_path_factory.mktemp("second") / "server.log"
    with run_live_server(
        "backend.main:create_app", log_file, live_server_env, ready_path="/health/live"
    ) as server:
        yield server


@pytest.fixture
async def second_client(second_server: LiveServer) -> AsyncIterator[httpx2.AsyncClient]:
    """A client on the second process."""
    async with httpx2.AsyncClient(base_url=second_server.url, timeout=20) as client:
        yield client


async def test_a_client_of_one_replica_receives_events_of_the_other(
    live_server: LiveServer,
    second_server: LiveServer,
    gateway_server: HTTPServer,
    admin_session: Person,
    new_customer: NewPerson,
) -> None:
    customer = await new_customer()
    product = await create_product(admin_session, sku="REPLICA", stock=1)
    order = await place_order(customer, product)

    async with connect(f"{second_server.websocket_url}/api/v1/events", proxy=None) as socket:
        await send(socket, type="authenticate", token=customer.access_token)
        await send(socket, type="subscribe", order_id=order["id"])
        assert live_server.url != second_server.url
        await post_payment(customer, order, key="on-the-first")  # on the first replica
        await admin_session.client.post("/api/v1/admin/outbox/dispatch")
        assert (await receive(socket, "order.paid"))["order_id"] == order["id"]


async def test_without_redis_both_keep_working(
    live_client: httpx2.AsyncClient,
    second_client: httpx2.AsyncClient,
    admin_session: Person,
    redis_away: RedisAway,
) -> None:
    await create_product(admin_session, sku="AWAY", stock=1)
    with redis_away():
        for client in (live_client, second_client):
            assert (await client.get("/health/ready")).json()["status"] == "degraded"
            assert len((await client.get("/api/v1/products")).json()["items"]) == 1
    for client in (live_client, second_client):
        assert (await client.get("/health/ready")).json()["components"]["redis"] == "ok"
