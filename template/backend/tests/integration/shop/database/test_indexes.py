"""Queries use their indexes."""

from datetime import UTC, datetime
from uuid import UUID

from backend.accounts.paging import Cursor
from backend.shop.models.order import OrderStatus
from backend.shop.repositories.orders import OrderFilter
from backend.shop.repositories.products import ProductFilter
from backend.tests.integration.shop.database.conftest import Explain

NOW = datetime(1970, 2, 1, tzinfo=UTC)


async def test_a_search_in_the_middle_of_a_name_uses_the_trigrams(explain: Explain) -> None:
    wanted = ProductFilter(search="cfcd2")
    plan = await explain("product", lambda uow: uow.products.list(wanted))
    assert "Bitmap Index Scan on ix_product_name_trgm" in plan


async def test_a_page_of_products_starts_in_the_index(explain: Explain) -> None:
    cursor = Cursor(NOW, UUID(int=1)).encode()
    plan = await explain("product", lambda uow: uow.products.list(ProductFilter(), cursor=cursor))
    assert "Index Scan Backward using ix_product_created_at_id" in plan
    assert "Index Cond: (ROW(created_at, id) <" in plan
    assert "Sort" not in plan


async def test_a_customers_orders_come_sorted_from_the_index(explain: Explain) -> None:
    wanted = OrderFilter(customer_id=UUID(int=1))
    plan = await explain("order", lambda uow: uow.orders.list(wanted))
    assert "ix_order_customer_id_created_at_id" in plan
    assert "Sort" not in plan


async def test_orders_of_one_status_come_sorted_from_the_index(explain: Explain) -> None:
    wanted = OrderFilter(status=OrderStatus.PAID)
    plan = await explain("order", lambda uow: uow.orders.list(wanted))
    assert "ix_order_status_created_at_id" in plan
    assert "Sort" not in plan


async def test_the_outbox_finds_due_events_by_index(explain: Explain) -> None:
    plan = await explain("outbox_event", lambda uow: uow.outbox.lock_due(NOW, limit=10))
    assert "ix_outbox_event_created_at_id_pending" in plan
    assert "Sort" not in plan
