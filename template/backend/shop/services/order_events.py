"""Events about orders."""

from uuid import UUID, uuid4

from backend.shop.models.order import Order
from backend.shop.models.outbox import OutboxEvent


def make_topic(order_id: UUID) -> str:
    """Return the topic of an order's events."""
    return f"order:{order_id}"


def make_event(order: Order) -> OutboxEvent:
    """Create the event for an order's new status, to be written in the same transaction."""
    return OutboxEvent(
        id=uuid4(),
        topic=make_topic(order.id),
        type=f"order.{order.status}",
        payload={
            "order_id": str(order.id),
            "status": order.status.value,
            "total": str(order.total),
        },
    )
