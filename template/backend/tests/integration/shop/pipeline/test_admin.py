"""Jobs and reports for admins, over HTTP."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import httpx2
from sqlalchemy.ext.asyncio import AsyncSession

from backend.tests.factories.shop import (
    OrderFactory,
    OrderLineFactory,
    OutboxEventFactory,
    ProductFactory,
)

URL = "/api/v1/admin"


async def test_a_sales_report_adds_up_what_was_paid_in_its_range(
    admin_client: httpx2.AsyncClient, db_session: AsyncSession
) -> None:
    mug = await ProductFactory.create(db_session, name="Mug", price=Decimal("3.33"))
    for day, quantity in ((1, 1), (1, 2), (2, 3), (3, 100)):
        line = OrderLineFactory.build(product=mug, quantity=quantity)
        paid_at = datetime(2026, 3, day, tzinfo=UTC)
        await OrderFactory.create(db_session, lines=[line], paid=True, paid_at=paid_at)
    answer = await admin_client.get(
        f"{URL}/reports/sales",
        params={"start": "2026-03-01T00:00:00Z", "end": "2026-03-03T00:00:00Z"},
    )
    report = answer.json()
    assert (report["orders"], report["revenue"], report["average_order"]) == (3, "19.98", "6.66")
    assert [day["orders"] for day in report["days"]] == [2, 1]
    assert [(row["name"], row["quantity"]) for row in report["best_sellers"]] == [("Mug", 6)]
    assert report["orders_by_status"]["paid"] == 4


async def test_an_invalid_range_or_one_above_a_year_is_refused(
    admin_client: httpx2.AsyncClient,
) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for days in (0, -1, 367):
        answer = await admin_client.get(
            f"{URL}/reports/sales",
            params={"start": start.isoformat(), "end": (start + timedelta(days)).isoformat()},
        )
        assert (answer.status_code, answer.json()["errors"][0]["type"]) == (422, "range"), days


async def test_old_orders_are_expired_on_demand(
    admin_client: httpx2.AsyncClient, db_session: AsyncSession
) -> None:
    order = await OrderFactory.create(
        db_session, created_at=datetime.now(UTC) - timedelta(minutes=31)
    )
    answer = await admin_client.post(f"{URL}/cleanup")
    assert answer.json() == {"expired_orders": 1, "reconciled_payments": 0}
    read = await admin_client.get(f"/api/v1/orders/{order.id}")
    assert read.json()["status"] == "expired"


async def test_a_dead_letter_is_listed_retried_and_published(
    admin_client: httpx2.AsyncClient, db_session: AsyncSession
) -> None:
    dead = await OutboxEventFactory.create(db_session, dead=True)
    listed = (await admin_client.get(f"{URL}/outbox/dead-letters")).json()["items"]
    assert [(event["id"], event["last_error"]) for event in listed] == [
        (str(dead.id), "OSError: gone")
    ]
    retried = await admin_client.post(f"{URL}/outbox/{dead.id}/retry")
    assert (retried.status_code, retried.json()["attempts"]) == (200, 0)
    told = await admin_client.post(f"{URL}/outbox/dispatch")
    assert told.json() == {"delivered": 1, "retried": 0, "dead": 0}
