"""Events in the outbox."""

from uuid import uuid4

import factory

from backend.shop.models.outbox import OutboxEvent, OutboxStatus
from backend.shop.services.order_events import make_topic
from backend.tests.factories.accounts.base import ModelFactory


class OutboxEventFactory(ModelFactory[OutboxEvent]):
    """A pending event about an order."""

    class Meta:
        model = OutboxEvent

    class Params:
        order_id = factory.LazyFunction(uuid4)
        dead = factory.Trait(status=OutboxStatus.DEAD, attempts=5, last_error="OSError: gone")

    id = factory.LazyFunction(uuid4)
    topic = factory.LazyAttribute(lambda event: make_topic(event.order_id))
    type = "order.paid"
    payload = factory.LazyAttribute(
        lambda event: {"order_id": str(event.order_id), "status": "paid", "total": "9.99"}
    )
    status = OutboxStatus.PENDING
    attempts = 0
    last_error = None
    available_at = None
