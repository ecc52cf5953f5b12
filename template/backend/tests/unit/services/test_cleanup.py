"""Cleaning up what nobody will finish."""

from datetime import timedelta

import pytest

from backend.core.gateway import ChargeResult
from backend.models.customer import Customer
from backend.models.order import Order, OrderStatus
from backend.models.payment import Payment, PaymentStatus
from backend.models.product import Product
from backend.services.cleanup import CleanupReport, CleanupService
from backend.services.orders import Wanted
from backend.tests.factories import PaymentFactory, ProductFactory, RefreshTokenFactory
from backend.tests.fakes.shop import FakeShop

HALF_AN_HOUR = 30 * 60


@pytest.fixture
def cleanup(fake: FakeShop) -> CleanupService:
    return fake.shop.cleanup(fake.uow)


@pytest.fixture
async def product(fake: FakeShop) -> Product:
    product = ProductFactory.build(stock=5)
    await fake.uow.products.add(product)
    return product


@pytest.fixture
async def order(fake: FakeShop, customer: Customer, product: Product) -> Order:
    return await fake.shop.orders(fake.uow).place(customer, [Wanted(product.id, 2)])


@pytest.fixture
async def payment(fake: FakeShop, order: Order) -> Payment:
    payment = PaymentFactory.build(order=order)
    await fake.uow.payments.add(payment)
    return payment


async def test_an_order_expires_only_after_its_time(
    cleanup: CleanupService, fake: FakeShop, order: Order, product: Product
) -> None:
    fake.clock.advance(HALF_AN_HOUR - 1)
    assert (await cleanup.run()).expired_orders == 0
    fake.clock.advance(2)
    assert (await cleanup.run()).expired_orders == 1
    assert (order.status, product.stock) == (OrderStatus.EXPIRED, 5)
    assert fake.uow.outbox.types == ["order.pending", "order.expired"]


async def test_a_second_round_gives_nothing_back_again(
    cleanup: CleanupService, fake: FakeShop, order: Order, product: Product
) -> None:
    fake.clock.advance(HALF_AN_HOUR + 1)
    await cleanup.run()
    assert await cleanup.run() == CleanupReport(0, 0, 0)
    assert product.stock == 5


async def test_orders_of_the_same_product_all_give_back(
    cleanup: CleanupService, fake: FakeShop, customer: Customer, product: Product
) -> None:
    for _ in range(2):
        await fake.shop.orders(fake.uow).place(customer, [Wanted(product.id, 2)])
    fake.clock.advance(HALF_AN_HOUR + 1)
    assert (await cleanup.run()).expired_orders == 2
    assert product.stock == 5


async def test_a_round_has_a_limit(
    cleanup: CleanupService, fake: FakeShop, customer: Customer, product: Product
) -> None:
    for _ in range(2):
        await fake.shop.orders(fake.uow).place(customer, [Wanted(product.id, 1)])
    fake.clock.advance(HALF_AN_HOUR + 1)
    assert (await cleanup.run(limit=1)).expired_orders == 1


async def test_a_charge_that_was_taken_saves_the_order(
    cleanup: CleanupService, fake: FakeShop, order: Order, payment: Payment, product: Product
) -> None:
    fake.gateway.decided[payment.idempotency_key] = ChargeResult(reference="r", approved=True)
    fake.clock.advance(HALF_AN_HOUR + 1)
    assert await cleanup.run() == CleanupReport(
        expired_orders=0, settled_payments=1, deleted_tokens=0
    )
    assert (order.status, product.stock) == (OrderStatus.PAID, 3)


async def test_an_order_whose_charge_never_arrived_expires_in_the_same_round(
    cleanup: CleanupService, fake: FakeShop, order: Order, payment: Payment
) -> None:
    fake.clock.advance(HALF_AN_HOUR + 1)
    assert (await cleanup.run()).expired_orders == 1
    assert payment.status is PaymentStatus.FAILED


async def test_an_order_whose_charge_is_unknown_waits(fake: FakeShop, order: Order) -> None:
    cleanup = CleanupService(
        fake.uow,
        fake.shop.payments(fake.uow),
        fake.clock,
        order_ttl=timedelta(seconds=10),
        payment_ttl=timedelta(seconds=100),
    )
    await fake.uow.payments.add(PaymentFactory.build(order=order))
    fake.clock.advance(11)
    assert (await cleanup.run()).expired_orders == 0
    assert order.status is OrderStatus.PENDING


async def test_old_tokens_are_forgotten(
    cleanup: CleanupService, fake: FakeShop, customer: Customer
) -> None:
    old = RefreshTokenFactory.build(customer=customer, expires_at=fake.clock.now)
    await fake.uow.refresh_tokens.add(old)
    assert (await cleanup.run()).deleted_tokens == 0
    fake.clock.advance(1)
    assert (await cleanup.run()).deleted_tokens == 1
