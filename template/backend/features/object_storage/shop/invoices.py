"""Invoices: one immutable object per paid order."""

import json
from contextlib import suppress

from backend.core.errors import ConflictError
from backend.core.schemas import Output
from backend.features.object_storage.storage import ObjectStorage
from backend.shop.models.order import Order, OrderStatus


class InvoiceOut(Output):
    """A link to download an invoice, and its lifetime in seconds."""

    url: str
    seconds: int


class Invoices:
    """Creates an invoice on its first request."""

    def __init__(self, storage: ObjectStorage) -> None:
        self._storage = storage

    async def make_link(self, order: Order) -> InvoiceOut:
        """Return a link to an order's invoice.

        Raises:
            ConflictError: It is not paid.
        """
        if order.status not in {OrderStatus.PAID, OrderStatus.SHIPPED}:
            raise ConflictError(f"An order that is {order.status} has no invoice.")
        key = f"invoices/{order.id}.json"
        with suppress(ConflictError):  # already written: an issued invoice never changes
            await self._storage.put(
                key, _render(order), content_type="application/json", only_if_new=True
            )
        return InvoiceOut(
            url=await self._storage.make_link(key), seconds=self._storage.link_seconds
        )


def _render(order: Order) -> bytes:
    lines = [
        {
            "product": str(line.product_id),
            "quantity": line.quantity,
            "unit_price": str(line.unit_price),
        }
        for line in order.lines
    ]
    paid_at = order.paid_at.isoformat() if order.paid_at else None
    invoice = {"order": str(order.id), "paid_at": paid_at, "total": str(order.total)}
    return json.dumps(invoice | {"lines": lines}, indent=2).encode()
