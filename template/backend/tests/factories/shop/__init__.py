"""Rows of the shop.

| factory | creates | sub-factories |
|---|---|---|
| `ProductFactory` | a product with stock | |
| `ProductImageFactory` | an image's row | product |
| `OrderFactory` | a pending order with one line; `paid=True` for a paid one | customer, line |
| `OrderLineFactory` | a line without an order | product |
| `PaymentFactory` | a payment of an order; `succeeded=True` for a successful one | order |
| `OutboxEventFactory` | a pending event; `dead=True` for a dead letter | |
"""

from backend.tests.factories.shop.orders import OrderFactory, OrderLineFactory
from backend.tests.factories.shop.outbox import OutboxEventFactory
from backend.tests.factories.shop.payments import PaymentFactory
from backend.tests.factories.shop.products import ProductFactory, ProductImageFactory

__all__ = [
    "OrderFactory",
    "OrderLineFactory",
    "OutboxEventFactory",
    "PaymentFactory",
    "ProductFactory",
    "ProductImageFactory",
]
