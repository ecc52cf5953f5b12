"""The shop's jobs and their settings."""

from backend.shop.models.order import OrderStatus
from backend.shop.models.outbox import OutboxStatus
from backend.tests.factories.shop import OrderFactory, OutboxEventFactory, ProductFactory
from backend.tests.fakes.shop.container import FakeShop


async def test_publishing_events_uses_its_own_unit_of_work(fake_shop: FakeShop) -> None:
    event = OutboxEventFactory.build()
    await fake_shop.uow.outbox.add(event)
    await fake_shop.shop.publish_events()
    assert event.status is OutboxStatus.DELIVERED
    assert fake_shop.uow.commits == 1


async def test_cleaning_up_uses_its_own_unit_of_work(fake_shop: FakeShop) -> None:
    order = OrderFactory.build()
    await fake_shop.uow.orders.add(order)
    for line in order.lines:
        await fake_shop.uow.products.add(ProductFactory.build(id=line.product_id))
    fake_shop.clock.advance(31 * 60)
    await fake_shop.shop.clean_up()
    assert order.status is OrderStatus.EXPIRED
