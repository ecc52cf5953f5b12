"""Payments."""

from uuid import uuid4

import factory

from backend.shop.models.payment import Payment, PaymentStatus
from backend.tests.factories.accounts.base import ModelFactory
from backend.tests.factories.shop.orders import OrderFactory


class PaymentFactory(ModelFactory[Payment]):
    """A pending payment."""

    class Meta:
        model = Payment

    class Params:
        order = factory.SubFactory(OrderFactory)
        succeeded = factory.Trait(status=PaymentStatus.SUCCEEDED, gateway_reference="ref-1")

    id = factory.LazyFunction(uuid4)
    order_id = factory.SelfAttribute("order.id")
    idempotency_key = factory.LazyFunction(lambda: f"key-{uuid4().hex}")
    amount = factory.SelfAttribute("order.total")
    status = PaymentStatus.PENDING
    attempts = 1
    gateway_reference = None
    decline_reason = None
