"""Injection attempts, and failures that must not leak details."""

from dataclasses import fields, replace

import httpx2
from fastapi import FastAPI
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.shop.adapters.cache import MemoryCache
from backend.shop.models.order import Order
from backend.shop.models.outbox import OutboxEvent
from backend.shop.repositories.outbox import OutboxRepository
from backend.shop.repositories.unit_of_work import ShopUnitOfWork
from backend.shop.services.container import ShopContainer
from backend.shop.services.orders import OrderService
from backend.tests.factories.shop import ProductFactory

PRODUCTS = "/api/v1/products"


async def test_a_search_is_always_literal_text(
    client: httpx2.AsyncClient, db_session: AsyncSession
) -> None:
    await ProductFactory.create(db_session, name="Mug")
    for text in ("'; DROP TABLE product; --", "' OR '1'='1", "%", "\\", "$1", "{0}"):
        named = await ProductFactory.create(db_session, name=f"a {text} b")
        found = (await client.get(PRODUCTS, params={"search": text})).json()["items"]
        assert [product["id"] for product in found] == [str(named.id)]
        await db_session.delete(named)


async def test_markup_comes_back_as_it_was_sent_in_json(
    admin_client: httpx2.AsyncClient,
) -> None:
    name = "<script>alert('mug')</script>"
    sent = {"sku": "X", "name": name, "price": "1"}
    answer = await admin_client.post(PRODUCTS, json=sent)
    assert answer.json()["name"] == name
    assert answer.headers["content-type"] == "application/json"


class _BrokenCache(MemoryCache):
    async def delete_prefix(self, prefix: str) -> None:
        raise RuntimeError("password=hunter2")


async def test_an_internal_error_exposes_only_the_request_id(
    app: FastAPI, shop: ShopContainer, admin_client: httpx2.AsyncClient
) -> None:
    app.state.shop = replace(shop, cache=_BrokenCache())
    answer = await admin_client.post(
        PRODUCTS,
        json={"sku": "X", "name": "Mug", "price": "1"},
        headers={"X-Request-ID": "find-me-500"},
    )
    assert answer.status_code == 500
    problem = answer.json()
    assert (problem["code"], problem["request_id"]) == ("internal_error", "find-me-500")
    assert "hunter2" not in answer.text


class _BrokenOutbox(OutboxRepository):
    async def add(self, event: OutboxEvent) -> None:
        raise ConnectionError


class _HalfShop(ShopContainer):
    """Fails after an order's rows are written and before the commit."""

    def orders(self, uow: ShopUnitOfWork) -> OrderService:
        uow.outbox = _BrokenOutbox(uow._session)
        return OrderService(uow)


async def test_a_failure_in_the_middle_of_a_transaction_leaves_nothing(
    app: FastAPI,
    shop: ShopContainer,
    authenticated_client: httpx2.AsyncClient,
    db_session: AsyncSession,
) -> None:
    mug = await ProductFactory.create(db_session, stock=3)
    app.state.shop = _HalfShop(**{part.name: getattr(shop, part.name) for part in fields(shop)})
    line = {"product_id": str(mug.id), "quantity": 2}
    answer = await authenticated_client.post("/api/v1/orders", json={"lines": [line]})
    assert answer.status_code == 500
    await db_session.refresh(mug)
    assert mug.stock == 3
    assert await db_session.scalar(select(func.count()).select_from(Order)) == 0
