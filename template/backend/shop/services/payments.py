"""Payments, each charged at most once.

A payment is two short transactions around the request to the gateway, so that no lock or
connection is held while waiting for it.
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from backend.accounts.models.customer import Customer
from backend.core.clock import Clock, utc_now
from backend.core.errors import ConflictError, NotFoundError
from backend.shop.adapters.payment_gateway import (
    Charge,
    ChargeResult,
    GatewayUnavailableError,
    PaymentGateway,
)
from backend.shop.models.order import Order, OrderStatus
from backend.shop.models.payment import Payment, PaymentStatus
from backend.shop.repositories.unit_of_work import ShopUnitOfWork
from backend.shop.services.order_events import make_event

DECIDED = (PaymentStatus.SUCCEEDED, PaymentStatus.DECLINED)


@dataclass(frozen=True, slots=True)
class _Attempt:
    """A committed payment that may be charged now.

    `fresh`: no earlier attempt can have charged.
    """

    payment: Payment
    number: int
    fresh: bool


class PaymentService:
    """Pays orders and reconciles payments."""

    def __init__(
        self, uow: ShopUnitOfWork, gateway: PaymentGateway, clock: Clock = utc_now
    ) -> None:
        self._uow = uow
        self._gateway = gateway
        self._clock = clock

    async def pay(
        self, customer: Customer, order_id: UUID, *, idempotency_key: str, card_token: str
    ) -> Payment:
        """Pay an order. Repeating a key returns the first decision and charges nothing.

        Raises:
            NotFoundError: There is no such order of this customer.
            ConflictError: It cannot be paid, or the key belongs to another order.
            GatewayUnavailableError: The outcome is unknown; retry with the same key.
        """
        attempt = await self._begin(customer, order_id, idempotency_key)
        payment = attempt.payment
        if payment.status in DECIDED:
            return payment
        charge = Charge(idempotency_key, order_id, payment.amount, card_token)
        try:
            result = await self._gateway.charge(charge)
        except GatewayUnavailableError as error:
            if attempt.fresh and not error.sent:
                await self._release(payment, attempt.number)
            raise
        return await self._settle(payment, result)

    async def list(self, order: Order) -> list[Payment]:
        """Return an order's payments, oldest first."""
        return list(await self._uow.payments.list(order.id))

    async def reconcile_pending(self, *, older_than: timedelta, limit: int = 100) -> int:
        """Query the gateway about pending payments; return how many were settled.

        `older_than` must exceed the longest charge, including its retries.
        """
        before = self._clock() - older_than
        stuck = await self._uow.payments.list_pending(before, limit=limit)
        await self._uow.commit()
        settled = 0
        for payment in stuck:
            try:
                result = await self._gateway.look_up(payment.idempotency_key)
            except GatewayUnavailableError:
                break  # the other requests would fail too
            if result is None:
                await self._release(payment, payment.attempts)
            else:
                await self._settle(payment, result)
            settled += 1
        return settled

    async def _begin(self, customer: Customer, order_id: UUID, key: str) -> _Attempt:
        """First transaction: record that this key is about to charge."""
        order = await self._uow.orders.lock(order_id)
        if order is None or order.customer_id != customer.id:
            raise NotFoundError("There is no such order.")
        payment = await self._uow.payments.find_by_key(key)
        if payment is not None and payment.order_id != order.id:
            raise ConflictError("This Idempotency-Key was used for another order.")
        fresh = payment is None or payment.status is PaymentStatus.FAILED
        if fresh:
            await self._check_payable(order)
        if payment is None:
            payment = Payment(
                id=uuid4(),
                order_id=order.id,
                idempotency_key=key,
                amount=order.total,
                status=PaymentStatus.PENDING,
                attempts=1,
            )
            await self._uow.payments.add(payment)
        elif payment.status not in DECIDED:
            payment.status = PaymentStatus.PENDING
            payment.attempts += 1
        await self._uow.payments.flush(payment)
        await self._uow.commit()
        return _Attempt(payment, payment.attempts, fresh)

    async def _check_payable(self, order: Order) -> None:
        if order.status is not OrderStatus.PENDING:
            raise ConflictError(f"An order that is {order.status} cannot be paid.")
        if await self._uow.payments.find_active(order.id) is not None:
            raise ConflictError("Another payment of this order is in progress.")

    async def _settle(self, payment: Payment, result: ChargeResult) -> Payment:
        """Second transaction: record the gateway's decision and its event."""
        order, payment = await self._lock(payment)
        if payment.status in DECIDED:  # a concurrent request with the same key has settled it
            return payment
        payment.gateway_reference = result.reference
        payment.decline_reason = result.decline_reason
        payment.status = PaymentStatus.SUCCEEDED if result.approved else PaymentStatus.DECLINED
        if result.approved:
            order.status = OrderStatus.PAID
            order.paid_at = self._clock()
            await self._uow.outbox.add(make_event(order))
        await self._uow.payments.flush(payment)
        await self._uow.commit()
        return payment

    async def _release(self, payment: Payment, attempt: int) -> None:
        """Release the order, since nothing was charged, unless another attempt was made."""
        _, payment = await self._lock(payment)
        if payment.status is PaymentStatus.PENDING and payment.attempts == attempt:
            payment.status = PaymentStatus.FAILED
            await self._uow.payments.flush(payment)
        await self._uow.commit()

    async def _lock(self, payment: Payment) -> tuple[Order, Payment]:
        order = await self._uow.orders.lock(payment.order_id)
        locked = await self._uow.payments.lock(payment.id)
        if order is None or locked is None:
            raise NotFoundError("The payment no longer exists.")
        return order, locked
