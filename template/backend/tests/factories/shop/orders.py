"""Orders and their lines."""

from datetime import UTC, datetime
from uuid import uuid4

import factory

from backend.shop.models.order import Order, OrderLine, OrderStatus
from backend.shop.services.orders import add_up
from backend.tests.factories.accounts.base import ModelFactory
from backend.tests.factories.accounts.customers import CustomerFactory
from backend.tests.factories.shop.products import ProductFactory


class OrderLineFactory(ModelFactory[OrderLine]):
    """A line at its product's price. `OrderFactory` creates it with its order."""

    class Meta:
        model = OrderLine

    class Params:
        product = factory.SubFactory(ProductFactory)

    id = factory.LazyFunction(uuid4)
    product_id = factory.SelfAttribute("product.id")
    position = factory.Sequence(lambda n: n)
    quantity = 1
    unit_price = factory.SelfAttribute("product.price")


class OrderFactory(ModelFactory[Order]):
    """A pending order with one line."""

    class Meta:
        model = Order

    class Params:
        customer = factory.SubFactory(CustomerFactory)
        paid = factory.Trait(
            status=OrderStatus.PAID, paid_at=factory.LazyFunction(lambda: datetime.now(UTC))
        )

    id = factory.LazyFunction(uuid4)
    customer_id = factory.SelfAttribute("customer.id")
    status = OrderStatus.PENDING
    lines = factory.List([factory.SubFactory(OrderLineFactory)])
    total = factory.LazyAttribute(lambda order: add_up(order.lines))
    paid_at = None
