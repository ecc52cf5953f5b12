"""The server's log identifies requests and contains no secrets."""

from __future__ import annotations

import json

from pytest_greenfield.live_server import LiveServer
from pytest_httpserver import HTTPServer
from websockets.asyncio.client import connect

from backend.tests.e2e.shop.purchases import create_product, place_order, post_payment
from backend.tests.fixtures.accounts.live import PASSWORD, SIGNING_KEY, Person
from backend.tests.fixtures.shop.live import GATEWAY_KEY


async def test_each_line_of_a_request_has_its_id_and_no_line_has_a_secret(
    live_server: LiveServer,
    gateway_server: HTTPServer,
    admin_session: Person,
    customer_session: Person,
) -> None:
    order = await place_order(
        customer_session, await create_product(admin_session, sku="E2E-LOG", stock=1)
    )
    gateway_server.expect_oneshot_request("/charges").respond_with_data("busy", status=500)
    await post_payment(customer_session, order, key="e2e-log-key-1", card="tok_card_4711")
    wrong = {"email": customer_session.email, "password": "a wrong passphrase", "extra": 1}
    for body in (wrong, wrong | {"password": PASSWORD}):
        assert (
            await customer_session.client.post("/api/v1/auth/login", json=body)
        ).status_code == 422
    async with connect(f"{live_server.websocket_url}/api/v1/events", proxy=None) as socket:
        await socket.send(
            json.dumps({"type": "authenticate", "token": customer_session.access_token})
        )
        await socket.recv()
    answer = await customer_session.client.get(
        "/api/v1/auth/me", headers={"X-Request-ID": "e2e-log-4711"}
    )
    assert answer.headers["X-Request-ID"] == "e2e-log-4711"

    assert await live_server.logged("e2e-log-4711")
    log = live_server.log
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    finished = [line for line in lines if line["event"] == "request.finished"]
    assert {line["path"] for line in finished} >= {"/api/v1/auth/login", "/api/v1/auth/me"}
    assert all(line["request_id"] for line in finished)
    assert [line["path"] for line in finished if line["request_id"] == "e2e-log-4711"] == [
        "/api/v1/auth/me"
    ]
    secrets = {
        SIGNING_KEY,
        GATEWAY_KEY,
        PASSWORD,
        "a wrong passphrase",
        customer_session.access_token,
        customer_session.refresh_token,
        "tok_card_4711",
    }
    assert {secret for secret in secrets if secret in log} == set()
