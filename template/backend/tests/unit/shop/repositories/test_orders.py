"""Queries for orders and payments."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from backend.accounts.models.customer import Customer
from backend.core.errors import ConflictError
from backend.shop.models.order import Order, OrderStatus
from backend.shop.models.payment import Payment, PaymentStatus
from backend.shop.models.product import Product
from backend.shop.repositories.orders import OrderFilter
from backend.shop.repositories.unit_of_work import ShopUnitOfWork
from backend.tests.factories.accounts import CustomerFactory
from backend.tests.factories.shop import (
    OrderFactory,
    OrderLineFactory,
    PaymentFactory,
    ProductFactory,
)

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
async def customer(uow: ShopUnitOfWork) -> Customer:
    customer = CustomerFactory.build()
    await uow.customers.add(customer)
    return customer


@pytest.fixture
async def product(uow: ShopUnitOfWork) -> Product:
    product = ProductFactory.build()
    await uow.products.add(product)
    return product


async def add_order(
    uow: ShopUnitOfWork, customer: Customer, product: Product, *, hour: int = 0, **values: object
) -> Order:
    order = OrderFactory.build(
        customer=customer,
        lines=[OrderLineFactory.build(product=product)],
        created_at=START + timedelta(hours=hour),
        **values,
    )
    await uow.orders.add(order)
    return order


async def add_payment(uow: ShopUnitOfWork, order: Order, **values: object) -> Payment:
    payment = PaymentFactory.build(order=order, **values)
    await uow.payments.add(payment)
    return payment


class TestOrders:
    async def test_an_order_has_its_lines(
        self, uow: ShopUnitOfWork, customer: Customer, product: Product
    ) -> None:
        order = await add_order(uow, customer, product)
        for found in (await uow.orders.get(order.id), await uow.orders.lock(order.id)):
            assert found is not None
            assert [line.product_id for line in found.lines] == [product.id]

    async def test_what_is_not_there_is_none(self, uow: ShopUnitOfWork) -> None:
        assert await uow.orders.get(uuid4()) is None
        assert await uow.orders.lock(uuid4()) is None

    async def test_they_are_filtered_by_customer_and_status(
        self, uow: ShopUnitOfWork, customer: Customer, product: Product
    ) -> None:
        other = CustomerFactory.build()
        await uow.customers.add(other)
        paid = await add_order(uow, customer, product, paid=True)
        pending = await add_order(uow, customer, product, hour=1)
        await add_order(uow, other, product)
        mine = OrderFilter(customer_id=customer.id)
        assert list((await uow.orders.list(mine)).items) == [pending, paid]
        wanted = OrderFilter(customer_id=customer.id, status=OrderStatus.PAID)
        assert list((await uow.orders.list(wanted)).items) == [paid]

    async def test_a_range_includes_its_start_and_excludes_its_end(
        self, uow: ShopUnitOfWork, customer: Customer, product: Product
    ) -> None:
        orders = [await add_order(uow, customer, product, hour=hour) for hour in range(4)]
        wanted = OrderFilter(
            created_from=START + timedelta(hours=1), created_before=START + timedelta(hours=3)
        )
        assert list((await uow.orders.list(wanted)).items) == [orders[2], orders[1]]

    async def test_the_oldest_unpaid_ones_come_first(
        self, uow: ShopUnitOfWork, customer: Customer, product: Product
    ) -> None:
        new, old, older = [await add_order(uow, customer, product, hour=hour) for hour in (3, 2, 1)]
        await add_order(uow, customer, product, hour=0, paid=True)
        before = START + timedelta(hours=3)
        assert list(await uow.orders.lock_unpaid(before, limit=5)) == [older, old]
        assert list(await uow.orders.lock_unpaid(before, limit=1)) == [older]
        assert new.status is OrderStatus.PENDING

    @pytest.mark.parametrize(
        ("status", "is_left"),
        [(PaymentStatus.PENDING, True), (PaymentStatus.DECLINED, False)],
    )
    async def test_an_order_that_may_have_been_charged_is_left_alone(
        self,
        uow: ShopUnitOfWork,
        customer: Customer,
        product: Product,
        status: PaymentStatus,
        is_left: bool,
    ) -> None:
        order = await add_order(uow, customer, product)
        await add_payment(uow, order, status=status)
        found = await uow.orders.lock_unpaid(START + timedelta(days=1), limit=5)
        assert (order not in found) is is_left

    async def test_changes_are_written(
        self, uow: ShopUnitOfWork, customer: Customer, product: Product
    ) -> None:
        order = await add_order(uow, customer, product)
        order.status = OrderStatus.CANCELLED
        await uow.orders.flush(order)
        found = await uow.orders.get(order.id)
        assert found is not None
        assert found.status is OrderStatus.CANCELLED


class TestPayments:
    @pytest.fixture
    async def order(self, uow: ShopUnitOfWork, customer: Customer, product: Product) -> Order:
        return await add_order(uow, customer, product)

    async def test_a_key_is_used_once(self, uow: ShopUnitOfWork, order: Order) -> None:
        payment = await add_payment(uow, order, status=PaymentStatus.DECLINED)
        assert await uow.payments.find_by_key(payment.idempotency_key) is payment
        with pytest.raises(ConflictError):
            await add_payment(uow, order, idempotency_key=payment.idempotency_key)

    @pytest.mark.parametrize("status", [PaymentStatus.PENDING, PaymentStatus.SUCCEEDED])
    async def test_an_order_has_one_active_payment(
        self, uow: ShopUnitOfWork, order: Order, status: PaymentStatus
    ) -> None:
        payment = await add_payment(uow, order, status=status)
        assert await uow.payments.find_active(order.id) is payment
        with pytest.raises(ConflictError):
            await add_payment(uow, order)

    @pytest.mark.parametrize("status", [PaymentStatus.DECLINED, PaymentStatus.FAILED])
    async def test_an_order_has_any_number_of_failed_payments(
        self, uow: ShopUnitOfWork, order: Order, status: PaymentStatus
    ) -> None:
        first = await add_payment(uow, order, status=status)
        assert await uow.payments.find_active(order.id) is None
        second = await add_payment(uow, order, status=status)
        assert {p.id for p in await uow.payments.list(order.id)} == {first.id, second.id}

    async def test_old_pending_payments_are_listed(
        self, uow: ShopUnitOfWork, customer: Customer, product: Product
    ) -> None:
        stuck = await add_payment(uow, await add_order(uow, customer, product))
        await add_payment(uow, await add_order(uow, customer, product), succeeded=True)
        future = datetime.now(UTC) + timedelta(days=1)
        assert list(await uow.payments.list_pending(future, limit=5)) == [stuck]
        past = datetime(2020, 1, 1, tzinfo=UTC)
        assert list(await uow.payments.list_pending(past, limit=5)) == []

    async def test_changes_are_written(self, uow: ShopUnitOfWork, order: Order) -> None:
        payment = await add_payment(uow, order)
        payment.status = PaymentStatus.FAILED
        await uow.payments.flush(payment)
        found = await uow.payments.lock(payment.id)
        assert found is not None
        assert found.status is PaymentStatus.FAILED
