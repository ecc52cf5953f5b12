"""Helpers for shop requests over HTTP."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

import httpx2

from backend.tests.fixtures.accounts.live import Person, read


async def create_product(
    admin: Person, *, sku: str, stock: int, price: str = "12.50"
) -> dict[str, Any]:
    """Add a product as an admin."""
    product = {"sku": sku, "name": f"Mug {sku}", "price": price, "stock": stock}
    created: dict[str, Any] = await read(admin.client.post("/api/v1/products", json=product), 201)
    return created


async def place_order(
    customer: Person, product: dict[str, Any], quantity: int = 1
) -> dict[str, Any]:
    """Order one product."""
    placed: dict[str, Any] = await read(post_order(customer, product, quantity), 201)
    return placed


def post_order(
    customer: Person, product: dict[str, Any], quantity: int = 1
) -> Awaitable[httpx2.Response]:
    """Try to order one product; return the response."""
    lines = [{"product_id": product["id"], "quantity": quantity}]
    return customer.client.post("/api/v1/orders", json={"lines": lines})


def post_payment(
    customer: Person, order: dict[str, Any], *, key: str, card: str = "tok_visa"
) -> Awaitable[httpx2.Response]:
    """Try to pay an order; return the response."""
    return customer.client.post(
        f"/api/v1/orders/{order['id']}/pay",
        json={"card_token": card},
        headers={"Idempotency-Key": key},
    )
