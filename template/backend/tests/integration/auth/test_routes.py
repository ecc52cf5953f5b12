"""Who may do what: every route of the shop, asked by nobody, a customer and an admin."""

from collections.abc import Iterator
from uuid import UUID

import httpx2
from fastapi import FastAPI

from backend.models.customer import Customer

PUBLIC = {
    ("GET", "/"),
    ("GET", "/health/live"),
    ("GET", "/health/ready"),
    ("GET", "/api/v1/media/{name}"),
    ("GET", "/api/v1/products"),
    ("GET", "/api/v1/products/{product_id}"),
    ("GET", "/api/v1/products/{product_id}/images"),
    ("POST", "/api/v1/auth/login"),
    ("POST", "/api/v1/auth/logout"),
    ("POST", "/api/v1/auth/refresh"),
    ("POST", "/api/v1/auth/register"),
}
FOR_ADMINS = ("/api/v1/admin", "/api/v1/customers")


def routes(app: FastAPI) -> Iterator[tuple[str, str]]:
    for path, operations in app.openapi()["paths"].items():
        for method in operations:
            yield method.upper(), path


def is_for_admins(method: str, path: str) -> bool:
    changes_catalogue = path.startswith("/api/v1/products") and method != "GET"
    return path.startswith(FOR_ADMINS) or changes_catalogue or path.endswith("/ship")


async def ask(client: httpx2.AsyncClient, method: str, path: str) -> int:
    for name in ("product_id", "image_id", "order_id", "customer_id", "event_id"):
        path = path.replace(f"{{{name}}}", str(UUID(int=0)))
    return (await client.request(method, path)).status_code


async def test_every_route_that_is_not_public_asks_who_is_there(
    app: FastAPI, client: httpx2.AsyncClient
) -> None:
    closed = [route for route in routes(app) if route not in PUBLIC]
    assert len(closed) > 15
    assert {route: await ask(client, *route) for route in closed} == dict.fromkeys(closed, 401)


async def test_what_is_for_admins_refuses_customers(
    app: FastAPI, authenticated_client: httpx2.AsyncClient
) -> None:
    admins = [route for route in routes(app) if is_for_admins(*route)]
    assert len(admins) > 10
    answers = {route: await ask(authenticated_client, *route) for route in admins}
    assert answers == dict.fromkeys(admins, 403)


async def test_what_is_for_customers_lets_them_in(
    app: FastAPI, authenticated_client: httpx2.AsyncClient
) -> None:
    theirs = [r for r in routes(app) if r not in PUBLIC and not is_for_admins(*r)]
    answers = {route: await ask(authenticated_client, *route) for route in theirs}
    assert not {route for route, status in answers.items() if status in {401, 403, 500}}


class TestAdmins:
    async def test_list_customers_by_whether_they_are_active(
        self, admin_client: httpx2.AsyncClient, admin: Customer, customer: Customer
    ) -> None:
        await admin_client.patch(f"/api/v1/customers/{customer.id}", json={"is_active": False})
        for active, expected in ((True, [admin]), (False, [customer])):
            answer = await admin_client.get("/api/v1/customers", params={"is_active": active})
            assert [row["id"] for row in answer.json()["items"]] == [str(e.id) for e in expected]
            assert "password" not in answer.text

    async def test_a_promoted_customer_may_at_once(
        self,
        admin_client: httpx2.AsyncClient,
        authenticated_client: httpx2.AsyncClient,
        customer: Customer,
    ) -> None:
        assert (await authenticated_client.get("/api/v1/customers")).status_code == 403
        await admin_client.patch(f"/api/v1/customers/{customer.id}", json={"role": "admin"})
        assert (await authenticated_client.get("/api/v1/customers")).status_code == 200

    async def test_cannot_lock_themselves_out(
        self, admin_client: httpx2.AsyncClient, admin: Customer
    ) -> None:
        for change in ({"is_active": False}, {"role": "customer"}):
            answer = await admin_client.patch(f"/api/v1/customers/{admin.id}", json=change)
            assert answer.status_code == 409, change


async def test_customers_change_themselves_and_not_their_role(
    authenticated_client: httpx2.AsyncClient,
) -> None:
    url = "/api/v1/auth/me"
    answer = await authenticated_client.patch(url, json={"full_name": " Ann B. ", "phone": None})
    assert (answer.status_code, answer.json()["full_name"]) == (200, "Ann B.")
    refused = await authenticated_client.patch(url, json={"role": "admin"})
    assert refused.status_code == 422
    assert (await authenticated_client.get(url)).json()["role"] == "customer"
