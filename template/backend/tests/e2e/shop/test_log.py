"""What the server writes about its users: enough to find a request, nothing to rob them with."""

from __future__ import annotations

import json

from pytest_httpserver import HTTPServer
from websockets.asyncio.client import connect

from backend.tests.e2e.conftest import SECRETS
from backend.tests.e2e.shop.people import PASSWORD, Person
from backend.tests.fixtures.live_server import LiveServer


async def test_each_line_of_a_request_has_its_id_and_no_line_has_a_secret(
    live_server: LiveServer, gateway: HTTPServer, admin: Person, customer: Person
) -> None:
    order = await customer.orders(await admin.offers(sku="E2E-LOG", stock=1))
    gateway.expect_oneshot_request("/charges").respond_with_data("busy", status=500)
    await customer.tries_to_pay(order, key="e2e-log-key-1", card="tok_card_4711")
    wrong = {"email": customer.email, "password": "a wrong passphrase", "extra": 1}
    for body in (wrong, wrong | {"password": PASSWORD}):
        assert (await customer.client.post("/api/v1/auth/login", json=body)).status_code == 422
    async with connect(f"{live_server.websocket_url}/api/v1/events", proxy=None) as socket:
        await socket.send(json.dumps({"type": "authenticate", "token": customer.access_token}))
        await socket.recv()
    answer = await customer.client.get("/api/v1/auth/me", headers={"X-Request-ID": "e2e-log-4711"})
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
        *SECRETS.values(),
        PASSWORD,
        "a wrong passphrase",
        customer.access_token,
        customer.refresh_token,
        "tok_card_4711",
    }
    assert {secret for secret in secrets if secret in log} == set()
