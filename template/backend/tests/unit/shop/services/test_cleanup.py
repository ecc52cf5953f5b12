"""Cleanup of abandoned orders and payments."""

from datetime import timedelta

import pytest

from backend.accounts.models.customer import Customer
from backend.shop.adapters.payment_gateway import ChargeResult
from backend.shop.models.order import Order, OrderStatus
from backend.shop.models.payment import Payment, PaymentStatus
from backend.shop.models.product import Product
from backend.shop.services.cleanup import CleanupReport, CleanupService
from backend.shop.services.orders import OrderItem
from backend.tests.factories.shop import PaymentFactory, ProductFactory
from backend.tests.fakes.shop.container import FakeShop

HALF_AN_HOUR = 30 * 60


@pytest.fixture
def cleanup(fake_shop: FakeShop) -> CleanupService:
    return fake_shop.shop.cleanup(fake_shop.uow)


@pytest.fixture
async def product(fake_shop: FakeShop) -> Product:
    product = ProductFactory.build(stock=5)
    await fake_shop.uow.products.add(product)
    return product


@pytest.fixture
async def order(fake_shop: FakeShop, customer: Customer, product: Product) -> Order:
    return await fake_shop.shop.orders(fake_shop.uow).place(customer, [OrderItem(product.id, 2)])


@pytest.fixture
async def payment(fake_shop: FakeShop, order: Order) -> Payment:
    payment = PaymentFactory.build(order=order)
    await fake_shop.uow.payments.add(payment)
    return payment


async def test_an_order_expires_only_after_its_time(
    cleanup: CleanupService, fake_shop: FakeShop, order: Order, product: Product
) -> None:
    fake_shop.clock.advance(HALF_AN_HOUR - 1)
    assert (await cleanup.run()).expired_orders == 0
    fake_shop.clock.advance(2)
    assert (await cleanup.run()).expired_orders == 1
    assert (order.status, product.stock) == (OrderStatus.EXPIRED, 5)
    assert fake_shop.uow.outbox.types == ["order.pending", "order.expired"]


async def test_a_second_round_restores_nothing_again(
    cleanup: CleanupService, fake_shop: FakeShop, order: Order, product: Product
) -> None:
    fake_shop.clock.advance(HALF_AN_HOUR + 1)
    await cleanup.run()
    assert await cleanup.run() == CleanupReport(0, 0)
    assert product.stock == 5


async def test_all_orders_of_a_product_restore_stock(
    cleanup: CleanupService, fake_shop: FakeShop, customer: Customer, product: Product
) -> None:
    for _ in range(2):
        await fake_shop.shop.orders(fake_shop.uow).place(customer, [OrderItem(product.id, 2)])
    fake_shop.clock.advance(HALF_AN_HOUR + 1)
    assert (await cleanup.run()).expired_orders == 2
    assert product.stock == 5


async def test_a_round_has_a_limit(
    cleanup: CleanupService, fake_shop: FakeShop, customer: Customer, product: Product
) -> None:
    for _ in range(2):
        await fake_shop.shop.orders(fake_shop.uow).place(customer, [OrderItem(product.id, 1)])
    fake_shop.clock.advance(HALF_AN_HOUR + 1)
    assert (await cleanup.run(limit=1)).expired_orders == 1


async def test_a_successful_charge_keeps_the_order(
    cleanup: CleanupService, fake_shop: FakeShop, order: Order, payment: Payment, product: Product
) -> None:
    fake_shop.payment_gateway.decided[payment.idempotency_key] = ChargeResult(
        reference="r", approved=True
    )
    fake_shop.clock.advance(HALF_AN_HOUR + 1)
    assert await cleanup.run() == CleanupReport(expired_orders=0, reconciled_payments=1)
    assert (order.status, product.stock) == (OrderStatus.PAID, 3)


async def test_an_order_whose_charge_never_arrived_expires_in_the_same_round(
    cleanup: CleanupService, fake_shop: FakeShop, order: Order, payment: Payment
) -> None:
    fake_shop.clock.advance(HALF_AN_HOUR + 1)
    assert (await cleanup.run()).expired_orders == 1
    assert payment.status is PaymentStatus.FAILED


async def test_an_order_whose_charge_is_unknown_waits(fake_shop: FakeShop, order: Order) -> None:
    cleanup = CleanupService(
        fake_shop.uow,
        fake_shop.shop.payments(fake_shop.uow),
        fake_shop.clock,
        order_ttl=timedelta(seconds=10),
        payment_ttl=timedelta(seconds=100),
    )
    await fake_shop.uow.payments.add(PaymentFactory.build(order=order))
    fake_shop.clock.advance(11)
    assert (await cleanup.run()).expired_orders == 0
    assert order.status is OrderStatus.PENDING
