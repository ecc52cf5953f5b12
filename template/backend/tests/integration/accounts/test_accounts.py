"""Registration, login, refresh tokens, and access with tokens."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.accounts.adapters.login_limiter import MemoryLoginLimiter
from backend.accounts.adapters.security import AuthSettings, TokenKind, TokenService
from backend.accounts.models.customer import Customer, RefreshToken, Role
from backend.accounts.services.container import AccountsContainer
from backend.tests.factories.accounts import PASSWORD, CustomerFactory
from backend.tests.fakes.clock import FakeClock

AUTH = "/api/v1/auth"
ANN = {"email": "Ann@Example.com", "password": "long enough 1", "full_name": "Ann"}

pytestmark = pytest.mark.usefixtures("accounts")  # with fast password hashes


async def log_in(client: httpx2.AsyncClient, customer: Customer) -> dict[str, Any]:
    answer = await client.post(
        f"{AUTH}/login", json={"email": customer.email, "password": PASSWORD}
    )
    assert answer.status_code == 200, answer.text
    tokens: dict[str, Any] = answer.json()
    return tokens


async def refresh(client: httpx2.AsyncClient, token: str) -> httpx2.Response:
    return await client.post(f"{AUTH}/refresh", json={"refresh_token": token})


async def read_me(client: httpx2.AsyncClient, token: str) -> httpx2.Response:
    return await client.get(f"{AUTH}/me", headers={"Authorization": f"Bearer {token}"})


class TestRegister:
    async def test_makes_an_account_that_can_log_in(
        self, client: httpx2.AsyncClient, db_session: AsyncSession
    ) -> None:
        answer = await client.post(f"{AUTH}/register", json=ANN)
        assert (answer.status_code, answer.json()) == (202, {"email": "ann@example.com"})
        (row,) = await db_session.scalars(select(Customer))
        assert (row.email, row.role, row.is_active) == ("ann@example.com", Role.CUSTOMER, True)
        assert row.password_hash.startswith("$argon2id$")
        login = await client.post(
            f"{AUTH}/login", json={"email": "ANN@example.com", "password": ANN["password"]}
        )
        assert login.status_code == 200

    async def test_an_existing_account_is_neither_changed_nor_revealed(
        self, client: httpx2.AsyncClient, db_session: AsyncSession
    ) -> None:
        first = await client.post(f"{AUTH}/register", json=ANN)
        other = {"email": "ANN@EXAMPLE.COM", "password": "another one 1", "full_name": "Eve"}
        again = await client.post(f"{AUTH}/register", json=other)
        assert (again.status_code, again.json()) == (first.status_code, first.json())
        (row,) = await db_session.scalars(select(Customer))
        assert row.full_name == "Ann"
        for password, status in ((other["password"], 401), (ANN["password"], 200)):
            login = {"email": ANN["email"], "password": password}
            assert (await client.post(f"{AUTH}/login", json=login)).status_code == status

    async def test_refuses_bad_input_without_repeating_it(self, client: httpx2.AsyncClient) -> None:
        for field, value in [
            ("email", "ann"),
            ("password", "short"),
            ("password", "x" * 129),
            ("full_name", ""),
            ("role", "admin"),
        ]:
            answer = await client.post(f"{AUTH}/register", json=ANN | {field: value})
            assert answer.status_code == 422, field
            assert [error["loc"] for error in answer.json()["errors"]] == [["body", field]]
            assert ANN["password"] not in answer.text


class TestLogIn:
    async def test_returns_tokens_for_the_own_account(
        self, client: httpx2.AsyncClient, customer: Customer
    ) -> None:
        tokens = await log_in(client, customer)
        assert (tokens["token_type"], tokens["expires_in"]) == ("bearer", 900)
        me = await read_me(client, tokens["access_token"])
        assert me.json()["id"] == str(customer.id)

    async def test_wrong_password_and_unknown_or_inactive_account_look_the_same(
        self, client: httpx2.AsyncClient, customer: Customer, db_session: AsyncSession
    ) -> None:
        closed = await CustomerFactory.create(db_session, is_active=False)
        answers = [
            await client.post(f"{AUTH}/login", json={"email": email, "password": password})
            for email, password in [
                (customer.email, "not the password"),
                ("nobody@example.com", PASSWORD),
                (closed.email, PASSWORD),
            ]
        ]
        assert [answer.status_code for answer in answers] == [401] * 3
        assert len({answer.json()["detail"] for answer in answers}) == 1

    async def test_attempts_of_one_address_are_limited_for_a_time(
        self, client: httpx2.AsyncClient, accounts: AccountsContainer, app: FastAPI
    ) -> None:
        clock, settings = FakeClock(), AuthSettings(login_attempts_per_client=3)
        limiter = MemoryLoginLimiter(settings, clock=clock.monotonic)
        app.state.accounts = replace(accounts, login_limiter=limiter)

        async def attempt(name: str) -> httpx2.Response:
            login = {"email": f"{name}@example.com", "password": "guessed"}
            return await client.post(f"{AUTH}/login", json=login)

        answers = [await attempt(name) for name in ("ann", "bob", "cleo", "dan")]
        assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
        assert answers[-1].headers["retry-after"] == "300"
        assert answers[-1].json()["code"] == "too_many_requests"
        clock.advance(300)
        assert (await attempt("dan")).status_code == 401

    async def test_a_hash_with_other_settings_is_replaced(
        self, client: httpx2.AsyncClient, db_session: AsyncSession
    ) -> None:
        old = PasswordHasher(time_cost=2, memory_cost=8, parallelism=1).hash(PASSWORD)
        customer = await CustomerFactory.create(db_session, password_hash=old)
        await log_in(client, customer)
        await db_session.refresh(customer)
        assert customer.password_hash.startswith("$argon2id$v=19$m=8,t=1,p=1$")


class TestRefresh:
    async def test_a_token_works_once_and_returns_new_ones(
        self, client: httpx2.AsyncClient, customer: Customer
    ) -> None:
        first = await log_in(client, customer)
        second = (await refresh(client, first["refresh_token"])).json()
        assert second["refresh_token"] != first["refresh_token"]
        assert (await read_me(client, second["access_token"])).status_code == 200
        assert (await refresh(client, second["refresh_token"])).status_code == 200

    async def test_a_copied_token_revokes_its_login_and_no_other(
        self, client: httpx2.AsyncClient, customer: Customer, db_session: AsyncSession
    ) -> None:
        elsewhere = await log_in(client, customer)
        first = await log_in(client, customer)
        second = (await refresh(client, first["refresh_token"])).json()
        stolen = await refresh(client, first["refresh_token"])
        assert stolen.status_code == 401
        assert "already used" in stolen.json()["detail"]
        assert (await refresh(client, second["refresh_token"])).status_code == 401
        assert (await refresh(client, elsewhere["refresh_token"])).status_code == 200
        revoked = await db_session.scalars(
            select(RefreshToken.id).where(RefreshToken.revoked_at.is_not(None))
        )
        assert len(revoked.all()) == 2, "the revocation was not committed"

    async def test_logout_revokes_it(self, client: httpx2.AsyncClient, customer: Customer) -> None:
        token = (await log_in(client, customer))["refresh_token"]
        out = await client.post(f"{AUTH}/logout", json={"refresh_token": token})
        assert out.status_code == 204
        assert (await refresh(client, token)).status_code == 401

    async def test_deactivating_the_account_revokes_its_tokens(
        self, client: httpx2.AsyncClient, customer: Customer, admin_client: httpx2.AsyncClient
    ) -> None:
        tokens = await log_in(client, customer)
        url = f"/api/v1/customers/{customer.id}"
        assert (await admin_client.patch(url, json={"is_active": False})).status_code == 200
        assert (await read_me(client, tokens["access_token"])).status_code == 401
        await admin_client.patch(url, json={"is_active": True})
        assert (await refresh(client, tokens["refresh_token"])).status_code == 401


class TestTokens:
    """Tokens that do not give access."""

    @pytest.fixture
    def bad_tokens(self, accounts: AccountsContainer, customer: Customer) -> dict[str, str]:
        """Invalid tokens by the reason."""
        clock = FakeClock(accounts.clock() - timedelta(seconds=901))
        who = {"subject": customer.id, "token_id": uuid4()}
        good = accounts.tokens.issue(TokenKind.ACCESS, **who)
        head, payload, signature = good.split(".")
        nobody = {"subject": uuid4(), "token_id": uuid4()}
        other_key = AuthSettings(auth_signing_key="somebody else's key, of good length")
        return {
            "expired": TokenService(AuthSettings(), clock).issue(TokenKind.ACCESS, **who),
            "refresh": accounts.tokens.issue(TokenKind.REFRESH, **who),
            "other key": TokenService(other_key).issue(TokenKind.ACCESS, **who),
            "tampered": f"{head}.{payload[:-2]}AA.{signature}",
            "unsigned": f"eyJhbGciOiJub25lIn0.{payload}.",
            "nobody's": accounts.tokens.issue(TokenKind.ACCESS, **nobody),
            "nonsense": "x",
        }

    async def test_invalid_tokens_give_no_access(
        self, bad_tokens: dict[str, str], client: httpx2.AsyncClient
    ) -> None:
        for kind, token in bad_tokens.items():
            answer = await read_me(client, token)
            assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated"), kind
            assert answer.headers["www-authenticate"] == "Bearer"

    async def test_of_a_deleted_family_is_refused(
        self, client: httpx2.AsyncClient, accounts: AccountsContainer, customer: Customer
    ) -> None:
        unknown = accounts.tokens.issue(TokenKind.REFRESH, subject=customer.id, token_id=uuid4())
        assert (await refresh(client, unknown)).status_code == 401
