"""Constraints of the database."""

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from backend.accounts.models.customer import Customer
from backend.shop.models.order import Order, OrderLine
from backend.shop.models.payment import Payment, PaymentStatus
from backend.shop.models.product import Product, ProductImage
from backend.tests.factories.shop import (
    OrderFactory,
    OrderLineFactory,
    PaymentFactory,
    ProductFactory,
    ProductImageFactory,
)

Attempt = Callable[[AsyncSession], Awaitable[object]]


async def same_sku(session: AsyncSession) -> None:
    await ProductFactory.create_batch(session, 2, sku="SAME")


async def same_key(session: AsyncSession) -> None:
    await PaymentFactory.create_batch(session, 2, idempotency_key="key-00001")


async def second_live_payment(session: AsyncSession) -> None:
    order = await OrderFactory.create(session)
    await PaymentFactory.create(session, order=order)
    await PaymentFactory.create(session, order=order, succeeded=True)


async def same_product_twice(session: AsyncSession) -> None:
    product = await ProductFactory.create(session)
    lines = [OrderLineFactory.build(product=product) for _ in range(2)]
    await OrderFactory.create(session, lines=lines)


async def stock_below_zero(session: AsyncSession) -> None:
    await ProductFactory.create(session, stock=0)
    await session.execute(update(Product).values(stock=Product.stock - 1))


async def status_that_is_none(session: AsyncSession) -> None:
    await OrderFactory.create(session)
    await session.execute(text("""UPDATE "order" SET status = 'lost'"""))


async def order_of_nobody(session: AsyncSession) -> None:
    await session.execute(insert(Order).values(id=uuid4(), customer_id=uuid4(), total=1))


async def delete_a_customer_with_orders(session: AsyncSession) -> None:
    order = await OrderFactory.create(session)
    await session.execute(delete(Customer).where(Customer.id == order.customer_id))


async def delete_an_ordered_product(session: AsyncSession) -> None:
    order = await OrderFactory.create(session)
    await session.execute(delete(Product).where(Product.id == order.lines[0].product_id))


async def delete_a_paid_order(session: AsyncSession) -> None:
    payment = await PaymentFactory.create(session)
    await session.execute(delete(Order).where(Order.id == payment.order_id))


def row(factory: Any, **values: Any) -> Attempt:
    async def attempt(session: AsyncSession) -> None:
        await factory.create(session, **values)

    return attempt


@pytest.mark.parametrize(
    ("attempt", "constraint"),
    [
        (same_sku, "uq_product_sku"),
        (same_key, "uq_payment_idempotency_key"),
        (second_live_payment, "uq_payment_order_id_live"),
        (same_product_twice, "uq_order_line_order_id_product_id"),
        (stock_below_zero, "ck_product_stock_not_negative"),
        (row(ProductFactory, price=Decimal(0)), "ck_product_price_positive"),
        (row(OrderFactory, total=Decimal(-1)), "ck_order_total_not_negative"),
        (status_that_is_none, "ck_order_status"),
        (order_of_nobody, "fk_order_customer_id_customer"),
        (delete_a_customer_with_orders, "fk_order_customer_id_customer"),
        (delete_an_ordered_product, "fk_order_line_product_id_product"),
        (delete_a_paid_order, "fk_payment_order_id_order"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
async def test_is_refused_by_name(
    attempt: Attempt, constraint: str, db_session: AsyncSession
) -> None:
    with pytest.raises(IntegrityError, match=constraint):
        await attempt(db_session)


@pytest.mark.parametrize(("column", "length"), [("sku", 40), ("name", 120)])
async def test_a_text_longer_than_its_column_is_refused(
    column: str, length: int, db_session: AsyncSession
) -> None:
    await ProductFactory.create(db_session, **{column: "x" * length})
    with pytest.raises(DBAPIError, match=rf"character varying\({length}\)"):
        await ProductFactory.create(db_session, **{column: "y" * (length + 1)})


async def test_a_failed_payment_makes_room_for_the_next(db_session: AsyncSession) -> None:
    order = await OrderFactory.create(db_session)
    for status in (PaymentStatus.FAILED, PaymentStatus.DECLINED, PaymentStatus.PENDING):
        await PaymentFactory.create(db_session, order=order, status=status)
    assert await db_session.scalar(select(func.count()).select_from(Payment)) == 3


@pytest.mark.parametrize(
    ("child", "parent", "factory", "key"),
    [
        (OrderLine, Order, OrderFactory, "id"),
        (ProductImage, Product, ProductImageFactory, "product_id"),
    ],
    ids=["lines", "images"],
)
async def test_deleting_a_parent_deletes_its_children(
    child: Any, parent: Any, factory: Any, key: str, db_session: AsyncSession
) -> None:
    gone, kept = await factory.create_batch(db_session, 2)
    await db_session.execute(delete(parent).where(parent.id == getattr(gone, key)))
    left = (await db_session.scalars(select(child))).all()
    assert left == (kept.lines if factory is OrderFactory else [kept])
