"""Response times of common requests, and how they scale with the number of rows."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import httpx2
from pytest_greenfield.query_log import QueryLog
from sqlalchemy.ext.asyncio import AsyncSession

from backend.shop.models.product import Product
from backend.tests.benchmarks.shop.measuring import growth, median_seconds, table
from backend.tests.factories.accounts import PASSWORD, CustomerFactory
from backend.tests.factories.shop import ProductFactory

CONSTANT, LINEAR = 0.35, 1.2
"""Powers of n, with room for noise; quadratic would be 2."""


async def add_products(session: AsyncSession, count: int) -> list[Product]:
    products = ProductFactory.build_batch(count, stock=1_000_000)
    session.add_all(products)
    await session.commit()
    return products


def lines(products: list[Product]) -> dict[str, Any]:
    return {"lines": [{"product_id": str(one.id), "quantity": 1} for one in products]}


async def test_response_times(
    admin_client: httpx2.AsyncClient, db_session: AsyncSession, report: Callable[..., None]
) -> None:
    client = admin_client
    products = await add_products(db_session, 100)
    customer = await CustomerFactory.create(db_session)
    credentials = {"email": customer.email, "password": PASSWORD}
    order = (await client.post("/api/v1/orders", json=lines(products[:3]))).json()
    calls = {
        "GET /health/live": lambda: client.get("/health/live"),
        "POST auth/login (passwords weakly hashed)": lambda: client.post(
            "/api/v1/auth/login", json=credentials
        ),
        "GET products/{id}": lambda: client.get(f"/api/v1/products/{products[0].id}"),
        "GET products, 20 of 100": lambda: client.get("/api/v1/products"),
        "GET products?search=": lambda: client.get("/api/v1/products?search=sku-1"),
        "POST orders, 3 lines": lambda: client.post("/api/v1/orders", json=lines(products[:3])),
        "GET orders/{id}": lambda: client.get(f"/api/v1/orders/{order['id']}"),
        "GET orders, 20": lambda: client.get("/api/v1/orders"),
    }
    times = {name: await median_seconds(call) for name, call in calls.items()}
    report(*table(times, times["GET /health/live"]))


class TestGrowth:
    async def test_the_cost_of_a_page_is_independent_of_the_number_of_products(
        self,
        admin_client: httpx2.AsyncClient,
        db_session: AsyncSession,
        report: Callable[..., None],
    ) -> None:
        times, there = {}, 0
        for count in (100, 400, 1600):
            await add_products(db_session, count - there)
            there = count
            times[count] = await median_seconds(lambda: admin_client.get("/api/v1/products"))
        report(f"n^{growth(times):.2f} with the table")
        assert growth(times) < CONSTANT

    async def test_the_cost_of_a_page_is_at_most_linear_in_its_length(
        self,
        admin_client: httpx2.AsyncClient,
        db_session: AsyncSession,
        report: Callable[..., None],
    ) -> None:
        await add_products(db_session, 100)
        times = {
            limit: await median_seconds(
                partial(admin_client.get, f"/api/v1/products?limit={limit}")
            )
            for limit in (25, 50, 100)
        }
        report(f"n^{growth(times):.2f} with the page")
        assert growth(times) < LINEAR

    async def test_the_cost_of_an_order_is_at_most_linear_in_its_lines(
        self,
        admin_client: httpx2.AsyncClient,
        db_session: AsyncSession,
        report: Callable[..., None],
    ) -> None:
        products = await add_products(db_session, 48)
        times = {
            count: await median_seconds(
                partial(admin_client.post, "/api/v1/orders", json=lines(products[:count]))
            )
            for count in (12, 24, 48)
        }
        report(f"n^{growth(times):.2f} with the lines")
        assert growth(times) < LINEAR

    async def test_the_number_of_statements_depends_on_neither(
        self, admin_client: httpx2.AsyncClient, db_session: AsyncSession, query_log: QueryLog
    ) -> None:
        products = await add_products(db_session, 50)
        counts = []
        for many in (1, 50):
            query_log.clear()
            placed = await admin_client.post("/api/v1/orders", json=lines(products[:many]))
            assert placed.status_code == 201
            await admin_client.get(f"/api/v1/products?limit={many}")
            await admin_client.get(f"/api/v1/orders?limit={many}")
            counts.append(query_log.count)
        assert counts[0] == counts[1]
