"""Payments, each charged at most once."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import pytest

from backend.accounts.models.customer import Customer
from backend.core.errors import ConflictError, NotFoundError
from backend.shop.adapters.payment_gateway import Charge, ChargeResult, GatewayUnavailableError
from backend.shop.models.order import Order, OrderStatus
from backend.shop.models.payment import Payment, PaymentStatus
from backend.shop.services.payments import PaymentService
from backend.tests.factories.accounts import CustomerFactory
from backend.tests.factories.shop import OrderFactory, PaymentFactory
from backend.tests.fakes.shop.container import FakeShop
from backend.tests.fakes.shop.payment_gateway import FakePaymentGateway
from backend.tests.fakes.shop.unit_of_work import FakeShopUnitOfWork

KEY = "key-12345678"


@pytest.fixture
def payments(fake_shop: FakeShop, uow: FakeShopUnitOfWork) -> PaymentService:
    return fake_shop.shop.payments(uow)


@pytest.fixture
async def order(uow: FakeShopUnitOfWork, customer: Customer) -> AsyncIterator[Order]:
    order = OrderFactory.build(customer=customer)
    await uow.orders.add(order)
    yield order
    live = [p for p in await uow.payments.list(order.id) if p.status is PaymentStatus.SUCCEEDED]
    assert len(live) == (order.status is OrderStatus.PAID), "paid means charged once"


async def pay(
    payments: PaymentService,
    customer: Customer,
    order: Order,
    *,
    key: str = KEY,
    card: str = "tok_good",
) -> Payment:
    return await payments.pay(customer, order.id, idempotency_key=key, card_token=card)


class TestPay:
    async def test_a_good_card_pays_the_order_and_publishes_an_event(
        self,
        payments: PaymentService,
        customer: Customer,
        order: Order,
        fake_shop: FakeShop,
    ) -> None:
        payment = await pay(payments, customer, order)
        assert payment.status is PaymentStatus.SUCCEEDED
        assert payment.gateway_reference == "ref-1"
        assert (order.status, order.paid_at) == (OrderStatus.PAID, fake_shop.clock.now)
        assert fake_shop.payment_gateway.asked == [Charge(KEY, order.id, order.total, "tok_good")]
        assert fake_shop.uow.outbox.types == ["order.paid"]

    async def test_after_a_declined_card_another_can_pay(
        self, payments: PaymentService, customer: Customer, order: Order, uow: FakeShopUnitOfWork
    ) -> None:
        payment = await pay(payments, customer, order, card="tok_declined")
        assert (payment.status, payment.decline_reason) == (PaymentStatus.DECLINED, "No money.")
        assert (order.status, uow.outbox.types) == (OrderStatus.PENDING, [])
        assert (await pay(payments, customer, order, key="another-key")).status == "succeeded"

    async def test_nothing_is_locked_while_the_gateway_is_asked(
        self, customer: Customer, order: Order, uow: FakeShopUnitOfWork
    ) -> None:
        class Watching(FakePaymentGateway):
            async def charge(self, charge: Charge) -> ChargeResult:
                assert uow.commits == 1
                return await super().charge(charge)

        await pay(PaymentService(uow, Watching()), customer, order)
        assert uow.commits == 2

    @pytest.mark.parametrize("card", ["tok_good", "tok_declined"])
    async def test_a_replay_returns_the_first_decision_and_charges_nothing(
        self,
        payments: PaymentService,
        customer: Customer,
        order: Order,
        fake_shop: FakeShop,
        card: str,
    ) -> None:
        first = await pay(payments, customer, order, card=card)
        again = await pay(payments, customer, order, card="tok_good")
        assert again is first
        assert len(fake_shop.payment_gateway.asked) == 1

    async def test_a_key_belongs_to_one_order(
        self, payments: PaymentService, customer: Customer, order: Order, uow: FakeShopUnitOfWork
    ) -> None:
        await pay(payments, customer, order)
        other = OrderFactory.build(customer=customer)
        await uow.orders.add(other)
        with pytest.raises(ConflictError, match="Idempotency-Key"):
            await pay(payments, customer, other)

    async def test_a_paid_order_is_not_paid_again(
        self, payments: PaymentService, customer: Customer, order: Order, fake_shop: FakeShop
    ) -> None:
        await pay(payments, customer, order)
        with pytest.raises(ConflictError, match="paid"):
            await pay(payments, customer, order, key="another-key")
        assert len(fake_shop.payment_gateway.asked) == 1

    @pytest.mark.parametrize(
        "status", [OrderStatus.CANCELLED, OrderStatus.EXPIRED, OrderStatus.SHIPPED]
    )
    async def test_a_finished_order_cannot_be_paid(
        self,
        payments: PaymentService,
        customer: Customer,
        order: Order,
        status: OrderStatus,
    ) -> None:
        order.status = status
        with pytest.raises(ConflictError, match=status):
            await pay(payments, customer, order)

    async def test_only_an_own_order_can_be_paid(
        self, payments: PaymentService, order: Order, admin: Customer
    ) -> None:
        for stranger in (CustomerFactory.build(), admin):
            with pytest.raises(NotFoundError):
                await pay(payments, stranger, order)


class TestFailures:
    async def test_an_unsent_charge_releases_the_order(
        self, payments: PaymentService, customer: Customer, order: Order, fake_shop: FakeShop
    ) -> None:
        fake_shop.payment_gateway.failures = [GatewayUnavailableError(sent=False)]
        with pytest.raises(GatewayUnavailableError):
            await pay(payments, customer, order)
        (failed,) = await payments.list(order)
        assert failed.status is PaymentStatus.FAILED
        assert (await pay(payments, customer, order, key="another-key")).status == "succeeded"

    async def test_the_same_key_can_be_retried(
        self, payments: PaymentService, customer: Customer, order: Order, fake_shop: FakeShop
    ) -> None:
        fake_shop.payment_gateway.failures = [GatewayUnavailableError(sent=False)]
        with pytest.raises(GatewayUnavailableError):
            await pay(payments, customer, order)
        payment = await pay(payments, customer, order)
        assert (payment.status, payment.attempts) == (PaymentStatus.SUCCEEDED, 2)

    async def test_a_lost_answer_blocks_other_keys_and_the_same_key_settles_it(
        self, payments: PaymentService, customer: Customer, order: Order, fake_shop: FakeShop
    ) -> None:
        fake_shop.payment_gateway.lose_answers = True
        with pytest.raises(GatewayUnavailableError):
            await pay(payments, customer, order)
        fake_shop.payment_gateway.lose_answers = False
        with pytest.raises(ConflictError, match="in progress"):
            await pay(payments, customer, order, key="another-key")
        assert (await pay(payments, customer, order)).gateway_reference == "ref-1"
        assert len(fake_shop.payment_gateway.decided) == 1

    async def test_after_a_lost_answer_a_failed_connection_releases_nothing(
        self, payments: PaymentService, customer: Customer, order: Order, fake_shop: FakeShop
    ) -> None:
        fake_shop.payment_gateway.lose_answers = True
        with pytest.raises(GatewayUnavailableError):
            await pay(payments, customer, order)
        fake_shop.payment_gateway.failures = [GatewayUnavailableError(sent=False)]
        with pytest.raises(GatewayUnavailableError):
            await pay(payments, customer, order)
        (payment,) = await payments.list(order)
        assert payment.status is PaymentStatus.PENDING

    async def test_a_failed_attempt_does_not_release_a_later_one(
        self, payments: PaymentService, customer: Customer, order: Order, fake_shop: FakeShop
    ) -> None:
        class Overtaken(FakePaymentGateway):
            async def charge(self, charge: Charge) -> ChargeResult:
                fake_shop.payment_gateway.lose_answers = True
                with pytest.raises(GatewayUnavailableError):
                    await pay(payments, customer, order)
                raise GatewayUnavailableError(sent=False)

        with pytest.raises(GatewayUnavailableError):
            await pay(PaymentService(fake_shop.uow, Overtaken()), customer, order)
        (payment,) = await payments.list(order)
        assert payment.status is PaymentStatus.PENDING

    async def test_two_answers_for_one_key_settle_once(
        self, payments: PaymentService, customer: Customer, order: Order, fake_shop: FakeShop
    ) -> None:
        class Overtaken(FakePaymentGateway):
            async def charge(self, charge: Charge) -> ChargeResult:
                await pay(payments, customer, order)
                return await fake_shop.payment_gateway.charge(charge)

        await pay(PaymentService(fake_shop.uow, Overtaken()), customer, order)
        assert fake_shop.uow.outbox.types == ["order.paid"]


class TestSettleStuck:
    AGE = timedelta(minutes=2)

    @pytest.fixture
    async def stuck(
        self, payments: PaymentService, customer: Customer, order: Order, fake_shop: FakeShop
    ) -> Payment:
        fake_shop.payment_gateway.lose_answers = True
        with pytest.raises(GatewayUnavailableError):
            await pay(payments, customer, order)
        fake_shop.clock.advance(121)
        (payment,) = await payments.list(order)
        return payment

    async def test_a_successful_charge_pays_the_order(
        self, payments: PaymentService, stuck: Payment, order: Order
    ) -> None:
        assert await payments.reconcile_pending(older_than=self.AGE) == 1
        assert (stuck.status, order.status) == (PaymentStatus.SUCCEEDED, OrderStatus.PAID)

    async def test_a_charge_that_never_arrived_releases_the_order(
        self, payments: PaymentService, stuck: Payment, order: Order, fake_shop: FakeShop
    ) -> None:
        fake_shop.payment_gateway.decided.clear()
        assert await payments.reconcile_pending(older_than=self.AGE) == 1
        assert (stuck.status, order.status) == (PaymentStatus.FAILED, OrderStatus.PENDING)

    async def test_an_unavailable_gateway_is_queried_once(
        self, payments: PaymentService, stuck: Payment, fake_shop: FakeShop, uow: FakeShopUnitOfWork
    ) -> None:
        other = PaymentFactory.build(order=OrderFactory.build())
        await uow.payments.add(other)
        other.updated_at = stuck.updated_at
        fake_shop.payment_gateway.failures = [GatewayUnavailableError(sent=False)]
        assert await payments.reconcile_pending(older_than=self.AGE) == 0
        assert stuck.status is PaymentStatus.PENDING

    async def test_a_recent_payment_is_left_alone(
        self, payments: PaymentService, stuck: Payment
    ) -> None:
        assert await payments.reconcile_pending(older_than=timedelta(minutes=5)) == 0
        assert stuck.status is PaymentStatus.PENDING


async def test_a_payment_without_its_order_is_an_error(
    payments: PaymentService, uow: FakeShopUnitOfWork, fake_shop: FakeShop
) -> None:
    payment = PaymentFactory.build(order_id=uuid4(), order=OrderFactory.build())
    await uow.payments.add(payment)
    fake_shop.clock.advance(1000)
    with pytest.raises(NotFoundError):
        await payments.reconcile_pending(older_than=timedelta(seconds=1))
