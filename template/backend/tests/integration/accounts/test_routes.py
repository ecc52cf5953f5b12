"""Permissions of admins and customers."""

import httpx2

from backend.accounts.models.customer import Customer


class TestAdmins:
    async def test_list_customers_by_whether_they_are_active(
        self, admin_client: httpx2.AsyncClient, admin: Customer, customer: Customer
    ) -> None:
        await admin_client.patch(f"/api/v1/customers/{customer.id}", json={"is_active": False})
        for active, expected in ((True, [admin]), (False, [customer])):
            answer = await admin_client.get("/api/v1/customers", params={"is_active": active})
            assert [row["id"] for row in answer.json()["items"]] == [str(e.id) for e in expected]
            assert "password" not in answer.text

    async def test_a_promoted_customer_has_access_at_once(
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


async def test_customers_change_their_profile_but_not_their_role(
    authenticated_client: httpx2.AsyncClient,
) -> None:
    url = "/api/v1/auth/me"
    answer = await authenticated_client.patch(url, json={"full_name": " Ann B. ", "phone": None})
    assert (answer.status_code, answer.json()["full_name"]) == (200, "Ann B.")
    refused = await authenticated_client.patch(url, json={"role": "admin"})
    assert refused.status_code == 422
    assert (await authenticated_client.get(url)).json()["role"] == "customer"
