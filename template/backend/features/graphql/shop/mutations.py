"""Mutations of the shop."""

from uuid import UUID

import strawberry
from starlette.websockets import WebSocket

from backend.accounts.jobs import run_round
from backend.features.graphql.accounts.auth import get_customer
from backend.features.graphql.context import Info, OperationContext
from backend.features.graphql.shop.inputs import check
from backend.features.graphql.shop.orders import Order, Payment
from backend.features.graphql.shop.queries import Id, get_shop
from backend.shop.schemas.orders import IdempotencyKey, OrderIn, PaymentIn
from backend.shop.services.orders import OrderItem


@strawberry.input
class OrderLineInput:
    """A product and its quantity."""

    product_id: UUID
    quantity: int


@strawberry.type
class ShopMutation:
    """Mutations of the shop."""

    @strawberry.mutation
    async def place_order(self, info: Info, lines: list[OrderLineInput]) -> Order:
        """Order products; their stock is reserved until the order expires."""
        wanted = [{"product_id": line.product_id, "quantity": line.quantity} for line in lines]
        body = check(OrderIn, {"lines": wanted})
        items = [OrderItem(line.product_id, line.quantity) for line in body.lines]
        customer = await info.context.once(get_customer)
        shop = get_shop(info.context)
        async with info.context.work(shop.open_unit_of_work) as uow:
            order = Order.of(await shop.orders(uow).place(customer, items))
        await _tell(info.context)
        return order

    @strawberry.mutation
    async def cancel_order(self, info: Info, order_id: Id) -> Order:
        """Cancel an unpaid order."""
        customer = await info.context.once(get_customer)
        shop = get_shop(info.context)
        async with info.context.work(shop.open_unit_of_work) as uow:
            order = Order.of(await shop.orders(uow).cancel(order_id, by=customer))
        await _tell(info.context)
        return order

    @strawberry.mutation
    async def pay_order(
        self, info: Info, order_id: Id, idempotency_key: str, card_token: str
    ) -> Payment:
        """Pay an order. Retry a request without response with the same key."""
        key = check(IdempotencyKey, idempotency_key)
        body = check(PaymentIn, {"card_token": card_token})
        customer = await info.context.once(get_customer)
        shop = get_shop(info.context)
        async with info.context.work(shop.open_unit_of_work) as uow:
            payment = await shop.payments(uow).pay(
                customer, order_id, idempotency_key=key, card_token=body.card_token
            )
            shown = Payment.of(payment)
        await _tell(info.context)
        return shown


async def _tell(context: OperationContext) -> None:
    """Publish events after the response, or at once over a WebSocket."""
    context.forget_rows()
    jobs = {"publish events": get_shop(context).publish_events}
    background = context.connection.background_tasks
    if background is None or isinstance(context.connection.request, WebSocket):
        await run_round(jobs)
    else:
        background.add_task(run_round, jobs)
