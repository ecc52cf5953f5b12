"""Orders over HTTP, down to the rows and the stock."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from pytest_greenfield.query_log import QueryLog
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.accounts.models.customer import Customer
from backend.shop.models.order import Order, OrderLine, OrderStatus
from backend.shop.models.outbox import OutboxEvent
from backend.shop.models.product import Product
from backend.tests.factories.shop import (
    OrderFactory,
    OrderLineFactory,
    PaymentFactory,
    ProductFactory,
)

URL = "/api/v1/orders"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


async def count(session: AsyncSession, table: type[Any]) -> int:
    return await session.scalar(select(func.count()).select_from(table)) or 0


class TestPlace:
    async def test_takes_the_stock_and_keeps_the_current_price(
        self, authenticated_client: httpx2.AsyncClient, db_session: AsyncSession
    ) -> None:
        mug = await ProductFactory.create(db_session, price=Decimal("8.50"), stock=5)
        tea = await ProductFactory.create(db_session, price=Decimal("3.00"), stock=1)
        lines = [
            {"product_id": str(tea.id), "quantity": 1},
            {"product_id": str(mug.id), "quantity": 2},
        ]
        answer = await authenticated_client.post(URL, json={"lines": lines})
        assert answer.status_code == 201
        assert (answer.json()["total"], answer.json()["status"]) == ("20.00", "pending")
        mug.price = Decimal("99.00")
        await db_session.commit()
        await db_session.refresh(mug)
        await db_session.refresh(tea)
        assert (mug.stock, tea.stock) == (3, 0)
        order = (await authenticated_client.get(f"{URL}/{answer.json()['id']}")).json()
        assert [line["unit_price"] for line in order["lines"]] == ["3.00", "8.50"]
        assert order["total"] == "20.00"

    async def test_too_little_stock_leaves_nothing_behind(
        self, authenticated_client: httpx2.AsyncClient, db_session: AsyncSession
    ) -> None:
        plenty = await ProductFactory.create(db_session, stock=5)
        scarce = await ProductFactory.create(db_session, stock=1, name="Rare mug")
        lines = [
            {"product_id": str(plenty.id), "quantity": 5},
            {"product_id": str(scarce.id), "quantity": 2},
        ]
        answer = await authenticated_client.post(URL, json={"lines": lines})
        assert answer.status_code == 409
        assert answer.json()["code"] == "out_of_stock"
        assert answer.json()["detail"] == "Only 1 of Rare mug left."
        await db_session.refresh(plenty)
        assert plenty.stock == 5
        assert [await count(db_session, table) for table in (Order, OrderLine, OutboxEvent)] == [
            0
        ] * 3

    async def test_a_product_not_for_sale_is_not_found(
        self, authenticated_client: httpx2.AsyncClient, db_session: AsyncSession
    ) -> None:
        hidden = await ProductFactory.create(db_session, active=False)
        for wanted in (hidden.id, uuid4()):
            line = {"product_id": str(wanted), "quantity": 1}
            answer = await authenticated_client.post(URL, json={"lines": [line]})
            assert answer.status_code == 404

    async def test_refuses_invalid_amounts(self, authenticated_client: httpx2.AsyncClient) -> None:
        for quantities in ([], [0], [1001], [1] * 51):
            lines = [{"product_id": str(uuid4()), "quantity": number} for number in quantities]
            answer = await authenticated_client.post(URL, json={"lines": lines})
            assert answer.status_code == 422, quantities
            assert answer.json()["errors"][0]["loc"][:2] == ["body", "lines"]

    async def test_a_product_in_two_lines_is_refused(
        self, authenticated_client: httpx2.AsyncClient, db_session: AsyncSession
    ) -> None:
        line = {"product_id": str((await ProductFactory.create(db_session)).id), "quantity": 1}
        answer = await authenticated_client.post(URL, json={"lines": [line, line]})
        assert answer.status_code == 422
        assert "one line only" in answer.json()["errors"][0]["msg"]

    async def test_a_total_above_the_columns_limit_is_refused(
        self, authenticated_client: httpx2.AsyncClient, db_session: AsyncSession
    ) -> None:
        gold = await ProductFactory.create(db_session, price=Decimal("99999999.99"))
        line = {"product_id": str(gold.id), "quantity": 2}
        answer = await authenticated_client.post(URL, json={"lines": [line]})
        assert (answer.status_code, answer.json()["errors"][0]["type"]) == (422, "total")

    async def test_needs_the_same_number_of_statements_for_one_line_and_for_five(
        self,
        authenticated_client: httpx2.AsyncClient,
        db_session: AsyncSession,
        query_log: QueryLog,
    ) -> None:
        products = await ProductFactory.create_batch(db_session, 6)
        lines = [{"product_id": str(product.id), "quantity": 1} for product in products]
        await authenticated_client.post(URL, json={"lines": lines[:1]})
        for_one = query_log.count
        with query_log.at_most(for_one):
            answer = await authenticated_client.post(URL, json={"lines": lines[1:]})
        assert answer.status_code == 201


class TestList:
    @pytest.fixture
    async def orders(self, db_session: AsyncSession, customer: Customer) -> list[Order]:
        """Five orders, one an hour from noon on, the first and the fourth of them paid."""
        return [
            await OrderFactory.create(
                db_session,
                customer=customer,
                created_at=NOON + timedelta(hours=hour),
                status=OrderStatus.PAID if hour in {0, 3} else OrderStatus.PENDING,
            )
            for hour in range(5)
        ]

    async def test_filters_by_status_and_by_a_range_including_its_start(
        self, orders: list[Order], authenticated_client: httpx2.AsyncClient
    ) -> None:
        hours = {str(order.id): hour for hour, order in enumerate(orders)}

        async def found(**params: Any) -> list[int]:
            answer = await authenticated_client.get(URL, params=params)
            assert answer.status_code == 200, answer.text
            return [hours[order["id"]] for order in answer.json()["items"]]

        two, three = "2026-03-01T14:00:00Z", "2026-03-01T15:00:00Z"
        assert await found() == [4, 3, 2, 1, 0]
        assert await found(limit=2) == [4, 3]
        assert await found(status="paid") == [3, 0]
        assert await found(status="expired") == []
        assert await found(created_from=two) == [4, 3, 2]
        assert await found(created_before=two) == [1, 0]
        assert await found(created_from="2026-03-01T14:00:00+01:00", created_before=three) == [2, 1]
        assert await found(created_from=two, status="paid") == [3]

    async def test_refuses_an_invalid_status_time_or_range(
        self, authenticated_client: httpx2.AsyncClient
    ) -> None:
        for params in (
            {"status": "lost"},
            {"created_from": "yesterday"},
            {"created_from": "2026-03-01T14:00:00"},
            {"created_from": "2026-03-02T00:00:00Z", "created_before": "2026-03-01T00:00:00Z"},
        ):
            answer = await authenticated_client.get(URL, params=params)
            assert answer.status_code == 422, params
            assert answer.json()["errors"][0]["loc"][0] == "query"

    async def test_reads_the_lines_of_all_orders_at_once(
        self,
        orders: list[Order],
        authenticated_client: httpx2.AsyncClient,
        query_log: QueryLog,
    ) -> None:
        with query_log.at_most(3):  # who is asking, the orders, their lines
            answer = await authenticated_client.get(URL)
        assert [len(order["lines"]) for order in answer.json()["items"]] == [1] * 5


class TestCancel:
    async def test_restores_the_stock_once(
        self,
        authenticated_client: httpx2.AsyncClient,
        customer: Customer,
        db_session: AsyncSession,
    ) -> None:
        mug = await ProductFactory.create(db_session, stock=2)
        line = OrderLineFactory.build(product_id=mug.id, unit_price=mug.price, quantity=3)
        order = await OrderFactory.create(db_session, customer=customer, lines=[line])
        answers = [await authenticated_client.post(f"{URL}/{order.id}/cancel") for _ in range(2)]
        assert [answer.status_code for answer in answers] == [200, 409]
        assert answers[0].json()["status"] == "cancelled"
        assert await db_session.scalar(select(Product.stock).where(Product.id == mug.id)) == 5

    async def test_is_a_conflict_while_a_payment_is_pending(
        self,
        authenticated_client: httpx2.AsyncClient,
        customer: Customer,
        db_session: AsyncSession,
    ) -> None:
        order = await OrderFactory.create(db_session, customer=customer)
        await PaymentFactory.create(db_session, order=order)
        answer = await authenticated_client.post(f"{URL}/{order.id}/cancel")
        assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
        await db_session.refresh(order)
        assert order.status is OrderStatus.PENDING


class TestShip:
    async def test_only_a_paid_order_is_shipped(
        self, admin_client: httpx2.AsyncClient, db_session: AsyncSession
    ) -> None:
        codes = {}
        for status in OrderStatus:
            order = await OrderFactory.create(db_session, status=status)
            answer = await admin_client.post(f"{URL}/{order.id}/ship")
            codes[status] = answer.status_code
        assert codes == dict.fromkeys(OrderStatus, 409) | {OrderStatus.PAID: 200}

    async def test_is_for_admins(
        self,
        authenticated_client: httpx2.AsyncClient,
        customer: Customer,
        db_session: AsyncSession,
    ) -> None:
        order = await OrderFactory.create(db_session, customer=customer, paid=True)
        assert (await authenticated_client.post(f"{URL}/{order.id}/ship")).status_code == 403
