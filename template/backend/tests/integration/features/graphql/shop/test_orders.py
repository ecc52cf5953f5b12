"""Queries and mutations of orders."""

from typing import Any
from uuid import uuid4

import httpx2
import pytest
from pytest_greenfield.query_log import QueryLog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.accounts.models.customer import Customer
from backend.core.database import Database
from backend.shop.models.order import Order, OrderStatus
from backend.shop.models.outbox import OutboxEvent, OutboxStatus
from backend.tests.factories.accounts import CustomerFactory
from backend.tests.factories.shop import OrderFactory, OrderLineFactory, ProductFactory
from backend.tests.fakes.shop.payment_gateway import FakePaymentGateway
from backend.tests.fixtures.features.graphql.accounts.tokens import TokenOf
from backend.tests.fixtures.features.graphql.client import GraphQLClient

ORDERS = """
{ orders(limit: 50) { items { id total lines { quantity product { name price } } } } }
"""
ORDER = "query ($id: UUID!) { order(id: $id) { id status } }"
PLACE = """
mutation ($lines: [OrderLineInput!]!) {
  placeOrder(lines: $lines) { id status total lines { quantity product { stock } } }
}
"""
CANCEL = "mutation ($id: UUID!) { cancelOrder(id: $id) { status } }"
PAY = """
mutation ($id: UUID!, $card: String!, $key: String! = "a-key-of-mine") {
  payOrder(id: $id, cardToken: $card, idempotencyKey: $key) { orderId status declineReason }
}
"""


@pytest.fixture
def token(token_of: TokenOf, customer: Customer) -> str:
    """The token of `customer`."""
    return token_of(customer)


@pytest.fixture
async def order(db_session: AsyncSession, customer: Customer) -> Order:
    """A pending order of `customer`."""
    return await OrderFactory.create(db_session, customer=customer)


class TestReading:
    @pytest.mark.parametrize("count", [2, 20])
    async def test_takes_four_statements_for_any_number_of_orders(
        self,
        graphql_client: GraphQLClient,
        token: str,
        customer: Customer,
        db_session: AsyncSession,
        query_log: QueryLog,
        count: int,
    ) -> None:
        """One each for the caller, the orders, their lines and all products."""
        for _ in range(count):
            lines = OrderLineFactory.build_batch(3)
            products = [ProductFactory.build(id=line.product_id) for line in lines]
            db_session.add_all(products)
            await OrderFactory.create(db_session, customer=customer, lines=lines)
        query_log.clear()
        with query_log.at_most(4):
            answer = await graphql_client(ORDERS, token=token)
        items = answer.data["orders"]["items"]
        assert [len(item["lines"]) for item in items] == [3] * count
        assert all(line["product"]["name"] for item in items for line in item["lines"])

    async def test_shows_only_own_orders(
        self,
        graphql_client: GraphQLClient,
        token_of: TokenOf,
        order: Order,
        db_session: AsyncSession,
    ) -> None:
        stranger = token_of(await CustomerFactory.create(db_session))
        assert (await graphql_client(ORDERS, token=stranger)).data == {"orders": {"items": []}}
        answer = await graphql_client(ORDER, {"id": str(order.id)}, token=stranger)
        assert answer.codes == ["not_found"]

    async def test_an_admin_lists_own_orders_and_reads_any(
        self, graphql_client: GraphQLClient, token_of: TokenOf, order: Order, admin: Customer
    ) -> None:
        token = token_of(admin)
        assert (await graphql_client(ORDERS, token=token)).data == {"orders": {"items": []}}
        answer = await graphql_client(ORDER, {"id": str(order.id)}, token=token)
        assert answer.data == {"order": {"id": str(order.id), "status": "PENDING"}}

    async def test_requires_a_token(self, graphql_client: GraphQLClient) -> None:
        answer = await graphql_client(ORDERS)
        assert (answer.data, answer.codes) == (None, ["not_authenticated"])


class TestPlacing:
    async def test_takes_the_stock_and_publishes_after_the_response(
        self, graphql_client: GraphQLClient, token: str, db_session: AsyncSession
    ) -> None:
        mug = await ProductFactory.create(db_session, stock=5)
        lines = [{"productId": str(mug.id), "quantity": 2}]
        placed = (await graphql_client(PLACE, {"lines": lines}, token=token)).data["placeOrder"]
        assert (placed["status"], placed["total"]) == ("PENDING", "19.98")
        assert placed["lines"] == [{"quantity": 2, "product": {"stock": 3}}]
        event = (await db_session.scalars(select(OutboxEvent))).one()
        assert event.payload["order_id"] == placed["id"]
        assert event.status is OutboxStatus.DELIVERED

    @pytest.mark.parametrize(("quantity", "code"), [(11, "out_of_stock"), (0, "validation_failed")])
    async def test_is_refused_like_in_rest(
        self,
        graphql_client: GraphQLClient,
        token: str,
        authenticated_client: httpx2.AsyncClient,
        db_session: AsyncSession,
        quantity: int,
        code: str,
    ) -> None:
        mug = await ProductFactory.create(db_session, stock=10)
        body = {"lines": [{"product_id": str(mug.id), "quantity": quantity}]}
        rest = (await authenticated_client.post("/api/v1/orders", json=body)).json()
        lines = [{"productId": str(mug.id), "quantity": quantity}]
        (error,) = (await graphql_client(PLACE, {"lines": lines}, token=token)).errors
        assert error["message"] == rest["detail"]
        assert error["extensions"]["code"] == rest["code"] == code
        assert (await db_session.scalars(select(Order))).all() == []

    async def test_mutations_of_one_operation_run_in_sequence_and_independently(
        self,
        graphql_client: GraphQLClient,
        token: str,
        db_session: AsyncSession,
        integration_db: Database,
    ) -> None:
        mug = await ProductFactory.create(db_session, stock=3)
        place = f'placeOrder(lines: [{{productId: "{mug.id}", quantity: 1}}])'
        too_many = place.replace("quantity: 1", "quantity: 2")
        shown = "{ lines { product { stock } } }"
        query = f"mutation {{ a: {place} {shown} b: {place} {shown} c: {too_many} {shown} }}"
        answer = await graphql_client(query, token=token)
        assert answer.codes == ["out_of_stock"]
        assert answer.errors[0]["path"] == ["c"]
        async with integration_db.session() as session:
            assert len((await session.scalars(select(Order))).all()) == 2


class TestCancelling:
    async def test_restores_the_stock_once(
        self, graphql_client: GraphQLClient, token: str, order: Order
    ) -> None:
        answer = await graphql_client(CANCEL, {"id": str(order.id)}, token=token)
        assert answer.data == {"cancelOrder": {"status": "CANCELLED"}}
        answer = await graphql_client(CANCEL, {"id": str(order.id)}, token=token)
        assert answer.codes == ["conflict"]

    async def test_another_customers_order_is_not_found(
        self, graphql_client: GraphQLClient, token: str
    ) -> None:
        answer = await graphql_client(CANCEL, {"id": str(uuid4())}, token=token)
        assert answer.codes == ["not_found"]


class TestPaying:
    @pytest.mark.parametrize(
        ("card", "payment", "status"),
        [
            ("tok_visa", {"status": "SUCCEEDED", "declineReason": None}, OrderStatus.PAID),
            (
                "tok_declined",
                {"status": "DECLINED", "declineReason": "No money."},
                OrderStatus.PENDING,
            ),
        ],
    )
    async def test_charges_once_per_key(
        self,
        graphql_client: GraphQLClient,
        token: str,
        order: Order,
        db_session: AsyncSession,
        gateway: FakePaymentGateway,
        card: str,
        payment: dict[str, Any],
        status: OrderStatus,
    ) -> None:
        for _ in range(2):
            answer = await graphql_client(PAY, {"id": str(order.id), "card": card}, token=token)
            assert answer.data == {"payOrder": {"orderId": str(order.id), **payment}}
        assert len(gateway.asked) == 1
        await db_session.refresh(order)
        assert order.status is status

    @pytest.mark.parametrize("wrong", [{"card": "4111 1111"}, {"card": "tok_visa", "key": "short"}])
    async def test_an_invalid_card_or_key_is_refused(
        self, graphql_client: GraphQLClient, token: str, order: Order, wrong: dict[str, str]
    ) -> None:
        answer = await graphql_client(PAY, {"id": str(order.id), **wrong}, token=token)
        assert answer.codes == ["validation_failed"]
