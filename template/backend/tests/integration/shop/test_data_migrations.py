"""Migrations of the shop that change rows lose no data."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from backend.tests.fixtures.shop.migrations import Migrations

CUSTOMER, PRODUCT, OTHER_PRODUCT, ORDER, EMPTY_ORDER = (UUID(int=n) for n in range(1, 6))


async def add_customer(migrations: Migrations) -> None:
    await migrations.execute(
        "INSERT INTO customer (id, email, full_name, password_hash) "
        "VALUES (:id, 'ada@example.com', 'Ada', 'none')",
        id=CUSTOMER,
    )


async def add_orders(migrations: Migrations) -> None:
    await add_customer(migrations)
    for product, sku in ((PRODUCT, "MUG"), (OTHER_PRODUCT, "POT")):
        await migrations.execute(
            "INSERT INTO product (id, sku, name, price) VALUES (:id, :sku, :sku, 99)",
            id=product,
            sku=sku,
        )
    for order in (ORDER, EMPTY_ORDER):
        await migrations.execute(
            'INSERT INTO "order" (id, customer_id) VALUES (:id, :customer)',
            id=order,
            customer=CUSTOMER,
        )
    for position, (product, quantity, price) in enumerate(
        [(PRODUCT, 3, "12.50"), (OTHER_PRODUCT, 1, "0.99")]
    ):
        await migrations.execute(
            "INSERT INTO order_line (id, order_id, product_id, position, quantity, unit_price) "
            "VALUES (gen_random_uuid(), :order, :product, :position, :quantity, :price)",
            order=ORDER,
            product=product,
            position=position,
            quantity=quantity,
            price=Decimal(price),
        )


class TestOrderTotal:
    async def test_orders_get_the_total_of_their_lines(self, migrations: Migrations) -> None:
        await migrations.upgrade("0006")
        await add_orders(migrations)
        await migrations.upgrade("0007")
        totals = await migrations.execute('SELECT id, total FROM "order" ORDER BY id')
        assert [tuple(row) for row in totals] == [
            (ORDER, Decimal("38.49")),
            (EMPTY_ORDER, Decimal("0.00")),
        ]

    async def test_going_back_and_forth_loses_nothing(self, migrations: Migrations) -> None:
        await migrations.upgrade("0007")
        await migrations.downgrade("0006")
        await add_orders(migrations)
        await migrations.upgrade()
        before = await read_everything(migrations)
        await migrations.downgrade("0006")
        await migrations.upgrade()
        assert await read_everything(migrations) == before


async def read_everything(migrations: Migrations) -> list[Any]:
    return [
        sorted(map(str, await migrations.execute(f"TABLE {table}")))
        for table in ("customer", "product", '"order"', "order_line")
    ]
