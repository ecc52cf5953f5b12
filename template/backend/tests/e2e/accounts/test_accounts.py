"""Refresh tokens, logout, deactivation and the login limit."""

from __future__ import annotations

import httpx2

from backend.tests.fixtures.accounts.live import Person


async def refresh(client: httpx2.AsyncClient, token: str) -> httpx2.Response:
    return await client.post("/api/v1/auth/refresh", json={"refresh_token": token})


async def test_a_refresh_token_works_once_and_reuse_revokes_the_login(
    live_client: httpx2.AsyncClient, customer_session: Person
) -> None:
    second = (await refresh(live_client, customer_session.refresh_token)).json()
    headers = {"Authorization": f"Bearer {second['access_token']}"}
    me = await live_client.get("/api/v1/auth/me", headers=headers)
    assert me.json()["email"] == customer_session.email

    stolen = await refresh(live_client, customer_session.refresh_token)
    assert (stolen.status_code, stolen.json()["code"]) == (401, "not_authenticated")
    assert (await refresh(live_client, second["refresh_token"])).status_code == 401


async def test_after_logout_no_token_can_be_refreshed(
    live_client: httpx2.AsyncClient, customer_session: Person
) -> None:
    token = {"refresh_token": customer_session.refresh_token}
    assert (await live_client.post("/api/v1/auth/logout", json=token)).status_code == 204
    assert (await refresh(live_client, customer_session.refresh_token)).status_code == 401


async def test_a_deactivated_account_loses_access_at_once(
    admin_session: Person, customer_session: Person
) -> None:
    me = await customer_session.get("/auth/me")
    change = await admin_session.client.patch(
        f"/api/v1/customers/{me['id']}", json={"is_active": False}
    )
    assert change.status_code == 200
    assert (await customer_session.client.get("/api/v1/auth/me")).status_code == 401
    assert (
        await refresh(customer_session.client, customer_session.refresh_token)
    ).status_code == 401


async def test_login_attempts_are_limited_and_existing_sessions_continue(
    live_client: httpx2.AsyncClient, customer_session: Person
) -> None:
    guess = {"email": customer_session.email, "password": "a guess"}
    answers = [await live_client.post("/api/v1/auth/login", json=guess) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429]
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 300
    assert (await refresh(live_client, customer_session.refresh_token)).status_code == 200
