"""Orders, and paying them."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, BackgroundTasks, Depends, Header, Query, status

from backend.api.auth import CurrentAdmin, CurrentCustomer
from backend.api.paging import Paging
from backend.api.services import Orders, Payments, ShopDep
from backend.core.periodic import run_round
from backend.models.customer import Role
from backend.models.order import Order, OrderStatus
from backend.models.payment import Payment
from backend.repositories.orders import OrderFilter
from backend.repositories.paging import Page
from backend.schemas.base import Moment, PageOut
from backend.schemas.orders import IdempotencyKey, OrderIn, OrderOut, PaymentIn, PaymentOut
from backend.services.orders import Wanted

router = APIRouter(prefix="/api/v1/orders", tags=["orders"])


def tell_events_soon(background: BackgroundTasks, shop: ShopDep) -> None:
    """Tell the outbox's events as soon as the response is out; the periodic job does the rest."""
    # As a round of jobs, so that a failure is logged: the response is out, and the job tries again.
    background.add_task(run_round, {"tell events": shop.tell_events})


TELLS = [Depends(tell_events_soon)]


@dataclass(frozen=True, slots=True)
class OrderParams:
    """Which orders are listed."""

    status: Annotated[OrderStatus | None, Query()] = None
    created_from: Annotated[Moment | None, Query()] = None
    created_before: Annotated[Moment | None, Query()] = None
    customer_id: Annotated[UUID | None, Query(description="Only for admins.")] = None


@router.post("", status_code=status.HTTP_201_CREATED, response_model=OrderOut, dependencies=TELLS)
async def place_order(body: OrderIn, customer: CurrentCustomer, orders: Orders) -> Order:
    """Order products; their pieces are kept for the customer until the order expires."""
    wanted = [Wanted(line.product_id, line.quantity) for line in body.lines]
    return await orders.place(customer, wanted)


@router.get("", response_model=PageOut[OrderOut])
async def list_orders(
    params: Annotated[OrderParams, Depends()],
    paging: Paging,
    customer: CurrentCustomer,
    orders: Orders,
) -> Page[Order]:
    """List one's own orders, the newest first; admins list everybody's."""
    wanted = OrderFilter(
        # Whatever is asked for: who is no admin sees only their own.
        customer_id=params.customer_id if customer.role is Role.ADMIN else customer.id,
        status=params.status,
        created_from=params.created_from,
        created_before=params.created_before,
    )
    return await orders.list(wanted, cursor=paging.cursor, limit=paging.limit)


@router.get("/{order_id}", response_model=OrderOut)
async def read_order(order_id: UUID, customer: CurrentCustomer, orders: Orders) -> Order:
    """Read one order."""
    return await orders.get(order_id, viewer=customer)


@router.post("/{order_id}/cancel", response_model=OrderOut, dependencies=TELLS)
async def cancel_order(order_id: UUID, customer: CurrentCustomer, orders: Orders) -> Order:
    """Cancel an order that is not paid."""
    return await orders.cancel(order_id, by=customer)


@router.post("/{order_id}/ship", response_model=OrderOut, dependencies=TELLS)
async def ship_order(order_id: UUID, admin: CurrentAdmin, orders: Orders) -> Order:
    """Send a paid order off; admins only."""
    return await orders.ship(order_id, by=admin)


@router.post("/{order_id}/pay", response_model=PaymentOut, dependencies=TELLS)
async def pay_order(
    order_id: UUID,
    body: PaymentIn,
    idempotency_key: Annotated[IdempotencyKey, Header()],
    customer: CurrentCustomer,
    payments: Payments,
) -> Payment:
    """Pay an order. Repeat a request that got no answer with the same Idempotency-Key."""
    return await payments.pay(
        customer, order_id, idempotency_key=idempotency_key, card_token=body.card_token
    )


@router.get("/{order_id}/payments", response_model=list[PaymentOut])
async def list_payments(
    order_id: UUID, customer: CurrentCustomer, orders: Orders, payments: Payments
) -> list[Payment]:
    """List the attempts to pay an order, the oldest first."""
    return await payments.list(await orders.get(order_id, viewer=customer))
