"""Who uses the shop: each with an account, and a client that is logged in to it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx2

PASSWORD = "an e2e test's passphrase"


@dataclass(frozen=True)
class Person:
    """Somebody who is logged in. `client` sends their access token."""

    client: httpx2.AsyncClient
    email: str
    refresh_token: str

    @property
    def access_token(self) -> str:
        """The token that `client` sends."""
        return self.client.headers["Authorization"].removeprefix("Bearer ")

    async def offers(self, *, sku: str, stock: int, price: str = "12.50") -> dict[str, Any]:
        """Add a product, as an admin may."""
        product = {"sku": sku, "name": f"Mug {sku}", "price": price, "stock": stock}
        added: dict[str, Any] = await _read(self.client.post("/api/v1/products", json=product), 201)
        return added

    async def orders(self, product: dict[str, Any], quantity: int = 1) -> dict[str, Any]:
        """Order pieces of one product."""
        placed: dict[str, Any] = await _read(self.tries_to_order(product, quantity), 201)
        return placed

    def tries_to_order(
        self, product: dict[str, Any], quantity: int = 1
    ) -> Awaitable[httpx2.Response]:
        """Order pieces of one product, or not."""
        lines = [{"product_id": product["id"], "quantity": quantity}]
        return self.client.post("/api/v1/orders", json={"lines": lines})

    def tries_to_pay(
        self, order: dict[str, Any], *, key: str, card: str = "tok_visa"
    ) -> Awaitable[httpx2.Response]:
        """Pay an order, or not."""
        return self.client.post(
            f"/api/v1/orders/{order['id']}/pay",
            json={"card_token": card},
            headers={"Idempotency-Key": key},
        )

    async def reads(self, path: str) -> Any:
        """Get what is under a path below `/api/v1`."""
        return await _read(self.client.get(f"/api/v1{path}"), 200)


NewPerson = Callable[[], Awaitable[Person]]


async def log_in(client: httpx2.AsyncClient, email: str, password: str) -> Person:
    """Log somebody in; `client` is theirs from now on."""
    credentials = {"email": email, "password": password}
    tokens = await _read(client.post("/api/v1/auth/login", json=credentials), 200)
    client.headers["Authorization"] = f"Bearer {tokens['access_token']}"
    return Person(client, email, tokens["refresh_token"])


async def register(client: httpx2.AsyncClient, email: str) -> Person:
    """Make an account and log it in."""
    account = {"email": email, "password": PASSWORD, "full_name": "Ada Lovelace"}
    await _read(client.post("/api/v1/auth/register", json=account), 201)
    return await log_in(client, email, PASSWORD)


async def _read(answering: Awaitable[httpx2.Response], status: int) -> Any:
    answer = await answering
    assert answer.status_code == status, answer.text
    return answer.json()
