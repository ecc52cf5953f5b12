"""Orders and payments, jobs and reports."""

from typing import Any
from uuid import uuid4

import httpx2
import pytest

from backend.accounts.models.customer import Customer
from backend.shop.adapters.payment_gateway import GatewayUnavailableError
from backend.shop.models.product import Product
from backend.tests.factories.accounts import CustomerFactory
from backend.tests.factories.shop import OrderFactory, OutboxEventFactory
from backend.tests.fakes.shop.container import FakeShop

URL = "/api/v1/orders"
KEY = "key-12345678"


def order_of(product: Product, quantity: int = 1) -> dict[str, Any]:
    return {"lines": [{"product_id": str(product.id), "quantity": quantity}]}


@pytest.fixture
async def order(
    client: httpx2.AsyncClient, product: Product, as_customer: dict[str, str]
) -> dict[str, Any]:
    """An order of two units, as returned by the API."""
    response = await client.post(URL, json=order_of(product, 2), headers=as_customer)
    assert response.status_code == 201
    body: dict[str, Any] = response.json()
    return body


async def pay(
    client: httpx2.AsyncClient, order: dict[str, Any], headers: dict[str, str], key: str = KEY
) -> httpx2.Response:
    return await client.post(
        f"{URL}/{order['id']}/pay",
        json={"card_token": "tok_good"},
        headers=headers | {"Idempotency-Key": key},
    )


async def test_from_ordering_to_shipping(
    client: httpx2.AsyncClient,
    order: dict[str, Any],
    fake_shop: FakeShop,
    as_customer: dict[str, str],
    as_admin: dict[str, str],
) -> None:
    assert (order["status"], order["total"], order["paid_at"]) == ("pending", "19.98", None)
    paid = await pay(client, order, as_customer)
    assert (paid.status_code, paid.json()["status"]) == (200, "succeeded")
    assert (await pay(client, order, as_customer)).json() == paid.json()
    shipped = await client.post(f"{URL}/{order['id']}/ship", headers=as_admin)
    assert shipped.json()["status"] == "shipped"
    payments = await client.get(f"{URL}/{order['id']}/payments", headers=as_customer)
    assert payments.json() == [paid.json()]
    # Published in each request's background task, without waiting for the job.
    told = [event.type for event in fake_shop.bus.published]
    assert told == ["order.pending", "order.paid", "order.shipped"]


async def test_a_failing_bus_does_not_affect_the_client(
    client: httpx2.AsyncClient, product: Product, fake_shop: FakeShop, as_customer: dict[str, str]
) -> None:
    await fake_shop.bus.close()
    response = await client.post(URL, json=order_of(product), headers=as_customer)
    assert response.status_code == 201


async def test_too_little_stock_is_a_conflict(
    client: httpx2.AsyncClient, product: Product, as_customer: dict[str, str]
) -> None:
    response = await client.post(URL, json=order_of(product, 6), headers=as_customer)
    assert (response.status_code, response.json()["code"]) == (409, "out_of_stock")


async def test_an_unknown_product_is_not_found(
    client: httpx2.AsyncClient, as_customer: dict[str, str]
) -> None:
    body = {"lines": [{"product_id": str(uuid4()), "quantity": 1}]}
    assert (await client.post(URL, json=body, headers=as_customer)).status_code == 404


async def test_a_cancelled_order_stays_cancelled(
    client: httpx2.AsyncClient,
    order: dict[str, Any],
    product: Product,
    as_customer: dict[str, str],
) -> None:
    url = f"{URL}/{order['id']}/cancel"
    response = await client.post(url, headers=as_customer)
    assert response.json()["status"] == "cancelled"
    assert (await client.post(url, headers=as_customer)).status_code == 409
    assert (await pay(client, order, as_customer)).status_code == 409


class TestTenants:
    async def test_others_orders_cannot_be_read_or_changed(
        self, client: httpx2.AsyncClient, order: dict[str, Any], fake_shop: FakeShop
    ) -> None:
        stranger = CustomerFactory.build()
        await fake_shop.uow.customers.add(stranger)
        headers = {"Authorization": f"Bearer {fake_shop.token_for(stranger)}"}
        url = f"{URL}/{order['id']}"
        for response in (
            await client.get(url, headers=headers),
            await client.get(f"{url}/payments", headers=headers),
            await client.post(f"{url}/cancel", headers=headers),
            await pay(client, order, headers),
        ):
            assert response.status_code == 404
        assert (await client.get(URL, headers=headers)).json()["items"] == []

    async def test_filtering_by_another_customer_lists_own_orders(
        self,
        client: httpx2.AsyncClient,
        order: dict[str, Any],
        fake_shop: FakeShop,
        customer: Customer,
    ) -> None:
        stranger = CustomerFactory.build()
        await fake_shop.uow.customers.add(stranger)
        headers = {"Authorization": f"Bearer {fake_shop.token_for(stranger)}"}
        params = {"customer_id": str(customer.id)}
        response = await client.get(URL, params=params, headers=headers)
        assert response.json()["items"] == []

    async def test_admins_list_all_orders_or_one_customers(
        self,
        client: httpx2.AsyncClient,
        order: dict[str, Any],
        fake_shop: FakeShop,
        customer: Customer,
        as_admin: dict[str, str],
    ) -> None:
        await fake_shop.uow.orders.add(OrderFactory.build())
        assert len((await client.get(URL, headers=as_admin)).json()["items"]) == 2
        params = {"customer_id": str(customer.id)}
        response = await client.get(URL, params=params, headers=as_admin)
        assert [item["id"] for item in response.json()["items"]] == [order["id"]]


class TestFilters:
    @pytest.mark.parametrize(
        ("params", "count"),
        [
            ({"status": "pending"}, 1),
            ({"status": "paid"}, 0),
            ({"created_from": "2026-01-01T00:00:00Z"}, 1),
            ({"created_before": "2026-01-01T00:00:00Z"}, 0),
            (
                {
                    "created_from": "2026-01-01T12:00:00+00:00",
                    "created_before": "2026-01-02T00:00Z",
                },
                1,
            ),
        ],
        ids=str,
    )
    async def test_by_status_and_date(
        self,
        client: httpx2.AsyncClient,
        order: dict[str, Any],
        as_customer: dict[str, str],
        params: dict[str, str],
        count: int,
    ) -> None:
        response = await client.get(URL, params=params, headers=as_customer)
        assert len(response.json()["items"]) == count

    @pytest.mark.parametrize(
        "params",
        [
            {"status": "lost"},
            {"created_from": "yesterday"},
            {"created_from": "2026-01-01T00:00:00"},
            {"created_from": "2026-01-02T00:00Z", "created_before": "2026-01-01T00:00Z"},
            {"customer_id": "me"},
        ],
        ids=str,
    )
    async def test_invalid_parameters_are_refused(
        self, client: httpx2.AsyncClient, as_customer: dict[str, str], params: dict[str, str]
    ) -> None:
        response = await client.get(URL, params=params, headers=as_customer)
        assert response.status_code == 422


class TestPay:
    async def test_an_unavailable_gateway_sets_retry_after(
        self,
        client: httpx2.AsyncClient,
        order: dict[str, Any],
        fake_shop: FakeShop,
        as_customer: dict[str, str],
    ) -> None:
        fake_shop.payment_gateway.failures = [GatewayUnavailableError(sent=False, retry_after=29.6)]
        response = await pay(client, order, as_customer)
        assert (response.status_code, response.headers["Retry-After"]) == (503, "30")
        assert response.json()["code"] == "payment_gateway_unavailable"
        assert (await pay(client, order, as_customer)).json()["status"] == "succeeded"

    @pytest.mark.parametrize("key", [None, "short", "x" * 81, "with space 1"])
    async def test_a_valid_key_is_required(
        self,
        client: httpx2.AsyncClient,
        order: dict[str, Any],
        as_customer: dict[str, str],
        key: str | None,
    ) -> None:
        headers = as_customer | ({"Idempotency-Key": key} if key else {})
        body = {"card_token": "tok_good"}
        response = await client.post(f"{URL}/{order['id']}/pay", json=body, headers=headers)
        assert response.status_code == 422
        assert response.json()["errors"][0]["loc"] == ["header", "idempotency-key"]


class TestAdmin:
    URL = "/api/v1/admin"

    async def test_cleaning_up_on_request(
        self,
        client: httpx2.AsyncClient,
        order: dict[str, Any],
        fake_shop: FakeShop,
        admin: Customer,
        product: Product,
    ) -> None:
        fake_shop.clock.advance(1801)
        headers = {"Authorization": f"Bearer {fake_shop.token_for(admin)}"}
        response = await client.post(f"{self.URL}/cleanup", headers=headers)
        assert response.json()["expired_orders"] == 1
        assert product.stock == 5

    async def test_dispatching_listing_dead_letters_and_retrying(
        self, client: httpx2.AsyncClient, fake_shop: FakeShop, as_admin: dict[str, str]
    ) -> None:
        dead = OutboxEventFactory.build(dead=True)
        await fake_shop.uow.outbox.add(dead)
        listed = await client.get(f"{self.URL}/outbox/dead-letters", headers=as_admin)
        assert [item["id"] for item in listed.json()["items"]] == [str(dead.id)]
        url = f"{self.URL}/outbox/{dead.id}/retry"
        assert (await client.post(url, headers=as_admin)).status_code == 200
        assert (await client.post(url, headers=as_admin)).status_code == 409
        told = await client.post(f"{self.URL}/outbox/dispatch", headers=as_admin)
        assert told.json() == {"delivered": 1, "retried": 0, "dead": 0}

    async def test_an_empty_report_has_zeros(
        self, client: httpx2.AsyncClient, as_admin: dict[str, str]
    ) -> None:
        params = {"start": "2026-01-01T00:00:00Z", "end": "2026-02-01T00:00:00Z"}
        report = (
            await client.get(f"{self.URL}/reports/sales", params=params, headers=as_admin)
        ).json()
        assert (report["orders"], report["revenue"], report["average_order"]) == (0, "0.00", "0.00")
        assert set(report["orders_by_status"].values()) == {0}
        wrong = dict(zip(params, reversed(params.values()), strict=True))
        response = await client.get(f"{self.URL}/reports/sales", params=wrong, headers=as_admin)
        assert response.status_code == 422
