"""The server's log never contains credentials."""

from __future__ import annotations

from pytest_greenfield.live_server import LiveServer

from backend.tests.fixtures.accounts.live import PASSWORD, SIGNING_KEY, Person


async def test_no_line_has_a_password_or_a_token(
    live_server: LiveServer, customer_session: Person
) -> None:
    client, wrong = customer_session.client, "a wrong passphrase"
    for body, status in (
        ({"email": customer_session.email, "password": wrong}, 401),
        ({"email": customer_session.email, "password": wrong, "extra": 1}, 422),
    ):
        answer = await client.post("/api/v1/auth/login", json=body)
        assert answer.status_code == status
        assert await live_server.logged(answer.headers["X-Request-ID"])
    secrets = {
        SIGNING_KEY,
        PASSWORD,
        wrong,
        customer_session.access_token,
        customer_session.refresh_token,
    }
    assert {secret for secret in secrets if secret in live_server.log} == set()
