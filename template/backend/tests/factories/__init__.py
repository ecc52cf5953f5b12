"""Makes rows for tests: `build()` in memory, `await create(session)` committed in the database.

| factory | makes | sub-factories |
|---|---|---|
| `CustomerFactory` | an account whose password is `PASSWORD`; `admin=True` for an admin | |
| `RefreshTokenFactory` | a refresh token | customer |
| `ProductFactory` | a product with stock | |
| `ProductImageFactory` | an image's row | product |
| `OrderFactory` | a pending order of one line; `paid=True` for a paid one | customer, line |
| `OrderLineFactory` | a line without an order | product |
| `PaymentFactory` | a payment of an order; `succeeded=True` for a good one | order |
| `OutboxEventFactory` | an event that waits | |
"""

from backend.tests.factories.customers import PASSWORD, CustomerFactory, RefreshTokenFactory
from backend.tests.factories.orders import OrderFactory, OrderLineFactory
from backend.tests.factories.outbox import OutboxEventFactory
from backend.tests.factories.payments import PaymentFactory
from backend.tests.factories.products import ProductFactory, ProductImageFactory

__all__ = [
    "PASSWORD",
    "CustomerFactory",
    "OrderFactory",
    "OrderLineFactory",
    "OutboxEventFactory",
    "PaymentFactory",
    "ProductFactory",
    "ProductImageFactory",
    "RefreshTokenFactory",
]
