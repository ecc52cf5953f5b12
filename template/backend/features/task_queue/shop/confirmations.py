"""Mail to the customer when an order is paid."""

from contextlib import AbstractAsyncContextManager
from uuid import UUID

from backend.core.unit_of_work import UnitOfWorkFactory
from backend.features.task_queue.mail import add_mail
from backend.shop.adapters.events import Event, EventBus, Subscription
from backend.shop.repositories.unit_of_work import ShopUnitOfWork

_PAID = "order.paid"


class ConfirmingEventBus:
    """An event bus that queues a confirmation mail before publishing an event.

    The outbox publishes at least once; with the event's id as the job's key, only one mail is sent.
    """

    def __init__(self, bus: EventBus, open_unit_of_work: UnitOfWorkFactory[ShopUnitOfWork]) -> None:
        self._bus = bus
        self._open_unit_of_work = open_unit_of_work

    @property
    def listeners(self) -> int:
        """The number of open subscriptions in this process."""
        return self._bus.listeners

    async def publish(self, event: Event) -> None:
        """Queue the mail and publish the event."""
        if event.type == _PAID:
            await self._confirm(event)
        await self._bus.publish(event)

    def subscribe(self) -> AbstractAsyncContextManager[Subscription]:
        """Open a subscription."""
        return self._bus.subscribe()

    async def close(self) -> None:
        """Close the bus."""
        await self._bus.close()

    async def _confirm(self, event: Event) -> None:
        async with self._open_unit_of_work() as uow:
            order = await uow.orders.get(UUID(event.payload["order_id"]))
            customer = await uow.customers.get(order.customer_id) if order else None
            if order is None or customer is None:
                return
            await add_mail(
                uow,
                key=event.id,
                to=customer.email,
                subject="Thank you for your order",
                body=f"Hello {customer.full_name},\n\nwe received {order.total} for {order.id}.\n",
            )
            await uow.commit()
