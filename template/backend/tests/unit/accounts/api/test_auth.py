"""Registration, login and permissions."""

import re
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from backend.accounts.api.auth import get_client_address, get_current_admin
from backend.accounts.models.customer import Customer
from backend.tests.factories.accounts import PASSWORD, CustomerFactory
from backend.tests.fakes.accounts.container import AUTH, FakeAccounts

API = "/api/v1"


def operations(app: FastAPI) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the operations of the OpenAPI document by method and path."""
    paths = app.openapi()["paths"]
    return {
        (method.upper(), path): operation
        for path, described in paths.items()
        for method, operation in described.items()
    }


def find_operations_for_admins(app: FastAPI) -> set[tuple[str, str]]:
    """Return the operations that depend on `get_current_admin`."""

    def asks(dependant: Dependant) -> bool:
        return dependant.call is get_current_admin or any(map(asks, dependant.dependencies))

    # FastAPI keeps included routers as routes.
    routers = [getattr(route, "original_router", None) for route in app.routes]
    return {
        (method, route.path)
        for router in routers
        if router is not None
        for route in router.routes
        if isinstance(route, APIRoute) and asks(route.dependant)
        for method in route.methods or ()
    }


async def call(
    client: httpx2.AsyncClient, method: str, path: str, headers: dict[str, str]
) -> httpx2.Response:
    url = re.sub(r"\{\w+\}", "00000000-0000-0000-0000-000000000000", path)
    return await client.request(method, url, headers=headers)


class TestProtection:
    """Authentication of every operation of every domain."""

    def test_an_operation_asks_for_a_token_or_says_that_it_is_public(
        self, accounts_app: FastAPI
    ) -> None:
        for label, operation in operations(accounts_app).items():
            assert ("security" in operation) is not operation.get("x-public", False), label

    async def test_without_a_token_only_what_is_public_answers(
        self, client: httpx2.AsyncClient, accounts_app: FastAPI
    ) -> None:
        for (method, path), operation in operations(accounts_app).items():
            if "security" in operation:
                response = await call(client, method, path, {})
                assert response.status_code == 401, f"{method} {path}"
                assert response.headers["WWW-Authenticate"] == "Bearer"

    async def test_customers_are_not_admins(
        self, client: httpx2.AsyncClient, accounts_app: FastAPI, as_customer: dict[str, str]
    ) -> None:
        for_admins = find_operations_for_admins(accounts_app)
        assert ("GET", f"{API}/customers") in for_admins
        for (method, path), operation in operations(accounts_app).items():
            if "security" in operation:
                response = await call(client, method, path, as_customer)
                is_refused = response.status_code == 403
                assert is_refused is ((method, path) in for_admins), f"{method} {path}"

    @pytest.mark.parametrize(
        "value", ["", "Bearer", "Bearer nonsense", "Basic dXNlcjpwYXNz", "nonsense"]
    )
    async def test_an_invalid_token_is_rejected(
        self, client: httpx2.AsyncClient, value: str
    ) -> None:
        response = await client.get(f"{API}/auth/me", headers={"Authorization": value})
        assert (response.status_code, response.json()["code"]) == (401, "not_authenticated")


async def test_from_registration_to_logout(client: httpx2.AsyncClient) -> None:
    account = {"email": "Ada@example.com", "password": PASSWORD, "full_name": "Ada"}
    registered = await client.post(f"{API}/auth/register", json=account)
    assert (registered.status_code, registered.json()) == (202, {"email": "ada@example.com"})

    proof = {"email": "ADA@example.com", "password": PASSWORD}
    tokens = (await client.post(f"{API}/auth/login", json=proof)).json()
    assert tokens["token_type"] == "bearer"
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    me = (await client.get(f"{API}/auth/me", headers=headers)).json()
    assert (me["email"], me["role"]) == ("ada@example.com", "customer")
    assert "password" not in str(me)

    refresh = {"refresh_token": tokens["refresh_token"]}
    following = await client.post(f"{API}/auth/refresh", json=refresh)
    assert following.status_code == 200
    again = await client.post(f"{API}/auth/refresh", json=refresh)
    assert again.status_code == 401

    refresh = {"refresh_token": following.json()["refresh_token"]}
    assert (await client.post(f"{API}/auth/logout", json=refresh)).status_code == 204
    assert (await client.post(f"{API}/auth/refresh", json=refresh)).status_code == 401


class TestSecrecy:
    """Neither responses nor hashing work reveal whether an account exists."""

    @pytest.fixture
    async def inactive(self, fake_accounts: FakeAccounts) -> Customer:
        inactive = CustomerFactory.build(is_active=False)
        await fake_accounts.uow.customers.add(inactive)
        return inactive

    async def test_when_registering(
        self,
        client: httpx2.AsyncClient,
        customer: Customer,
        inactive: Customer,
        argon2_calls: list[tuple[str, str]],
    ) -> None:
        answers, work = [], []
        argon2_calls.clear()  # of the factory
        for email in ("new@example.com", customer.email, customer.email.upper(), inactive.email):
            account = {"email": email, "password": PASSWORD, "full_name": "Ada"}
            response = await client.post(f"{API}/auth/register", json=account)
            answers.append((response.status_code, response.json()))
            work.append(list(argon2_calls))
            argon2_calls.clear()
        emails = ["new@example.com", customer.email, customer.email, inactive.email]
        assert answers == [(202, {"email": email}) for email in emails]
        assert work == [[("hash", "m=8,t=1,p=1")]] * 4

    async def test_when_logging_in(
        self,
        client: httpx2.AsyncClient,
        customer: Customer,
        inactive: Customer,
        argon2_calls: list[tuple[str, str]],
    ) -> None:
        answers, work = [], []
        argon2_calls.clear()  # of the factory
        for email, password in [
            ("nobody@example.com", PASSWORD),
            (customer.email, "wrong"),
            (inactive.email, "wrong"),
        ]:
            attempt = {"email": email, "password": password}
            response = await client.post(f"{API}/auth/login", json=attempt)
            body = response.json() | {"request_id": None}
            answers.append((response.status_code, body, response.headers["WWW-Authenticate"]))
            work.append(list(argon2_calls))
            argon2_calls.clear()
        assert [answers[0]] * 3 == answers
        assert answers[0][0] == 401
        assert work == [[("verify", "m=8,t=1,p=1")]] * 3

    async def test_and_at_the_limit_of_attempts(
        self,
        client: httpx2.AsyncClient,
        customer: Customer,
        inactive: Customer,
        argon2_calls: list[tuple[str, str]],
    ) -> None:
        answers = {}
        for email in ("nobody@example.com", customer.email, inactive.email):
            attempt = {"email": email, "password": "wrong"}
            for _ in range(AUTH.login_attempts_per_account):
                assert (await client.post(f"{API}/auth/login", json=attempt)).status_code == 401
            argon2_calls.clear()
            response = await client.post(f"{API}/auth/login", json=attempt)
            assert argon2_calls == []
            answers[email] = response.json() | {"request_id": None}
            assert (response.status_code, response.headers["Retry-After"]) == (429, "300")
            assert response.headers["Content-Type"] == "application/problem+json"
        assert len({str(answer) for answer in answers.values()}) == 1
        assert answers[customer.email]["code"] == "too_many_requests"


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::1", "::/64"),
        ("testclient", "testclient"),
        (None, ""),
    ],
)
async def test_a_client_is_an_address_or_a_network_of_ipv6(host: str | None, address: str) -> None:
    client = None if host is None else (host, 50000)
    assert await get_client_address(Request({"type": "http", "client": client})) == address


async def test_an_answer_never_repeats_a_password(client: httpx2.AsyncClient) -> None:
    account = {"email": "no address", "password": "hunter2", "full_name": ""}
    response = await client.post(f"{API}/auth/register", json=account)
    assert response.status_code == 422
    assert {item["loc"][-1] for item in response.json()["errors"]} == {
        "email",
        "password",
        "full_name",
    }
    assert "hunter2" not in response.text


class TestMe:
    async def test_null_clears_the_phone_and_an_omitted_field_keeps_it(
        self, client: httpx2.AsyncClient, customer: Customer, as_customer: dict[str, str]
    ) -> None:
        for body, phone in [({"phone": "12345"}, "12345"), ({}, "12345"), ({"phone": None}, None)]:
            response = await client.patch(f"{API}/auth/me", json=body, headers=as_customer)
            assert response.json()["phone"] == phone
            assert response.json()["full_name"] == customer.full_name

    async def test_customers_cannot_make_themselves_admins(
        self, client: httpx2.AsyncClient, as_customer: dict[str, str]
    ) -> None:
        body = {"role": "admin"}
        response = await client.patch(f"{API}/auth/me", json=body, headers=as_customer)
        assert response.status_code == 422


class TestCustomers:
    async def test_admins_page_through_all(
        self,
        client: httpx2.AsyncClient,
        customer: Customer,
        admin: Customer,
        as_admin: dict[str, str],
    ) -> None:
        params = {"limit": "1"}
        seen = []
        while True:
            page = (await client.get(f"{API}/customers", params=params, headers=as_admin)).json()
            seen += [item["id"] for item in page["items"]]
            if page["next_cursor"] is None:
                break
            params["cursor"] = page["next_cursor"]
        assert sorted(seen) == sorted([str(customer.id), str(admin.id)])

    async def test_a_deactivated_customer_loses_access_at_once(
        self,
        client: httpx2.AsyncClient,
        customer: Customer,
        as_customer: dict[str, str],
        as_admin: dict[str, str],
    ) -> None:
        url = f"{API}/customers/{customer.id}"
        response = await client.patch(url, json={"is_active": False}, headers=as_admin)
        assert response.json()["is_active"] is False
        assert (await client.get(f"{API}/auth/me", headers=as_customer)).status_code == 401
        inactive = await client.get(
            f"{API}/customers", params={"is_active": "false"}, headers=as_admin
        )
        assert [item["id"] for item in inactive.json()["items"]] == [str(customer.id)]
        assert (await client.get(url, headers=as_admin)).json()["is_active"] is False

    async def test_an_unknown_customer_is_not_found(
        self, client: httpx2.AsyncClient, fake_accounts: FakeAccounts, as_admin: dict[str, str]
    ) -> None:
        url = f"{API}/customers/00000000-0000-0000-0000-000000000000"
        response = await client.get(url, headers=as_admin)
        assert (response.status_code, response.json()["code"]) == (404, "not_found")
