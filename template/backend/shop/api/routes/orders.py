"""Orders and payments."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, BackgroundTasks, Depends, Header, Query, status

from backend.accounts.api.auth import CurrentAdmin, CurrentCustomer
from backend.accounts.api.paging import Paging
from backend.accounts.jobs import run_round
from backend.accounts.models.customer import Role
from backend.accounts.paging import Page, PageOut
from backend.shop.api.services import Orders, Payments, ShopContainerDep
from backend.shop.models.order import Order, OrderStatus
from backend.shop.models.payment import Payment
from backend.shop.repositories.orders import OrderFilter
from backend.shop.schemas.orders import IdempotencyKey, OrderIn, OrderOut, PaymentIn, PaymentOut
from backend.shop.schemas.timestamps import Timestamp
from backend.shop.services.orders import OrderItem

router = APIRouter(prefix="/api/v1/orders", tags=["orders"])


def publish_events_soon(background: BackgroundTasks, shop: ShopContainerDep) -> None:
    """Publish events after the response; the periodic job publishes the rest."""
    # Run as a job, so that a failure is logged; the periodic job retries.
    background.add_task(run_round, {"publish events": shop.publish_events})


PUBLISH_EVENTS = [Depends(publish_events_soon)]


@dataclass(frozen=True, slots=True)
class OrderParams:
    """Filters of the list."""

    status: Annotated[OrderStatus | None, Query()] = None
    created_from: Annotated[Timestamp | None, Query()] = None
    created_before: Annotated[Timestamp | None, Query()] = None
    customer_id: Annotated[UUID | None, Query(description="Only for admins.")] = None


@router.post(
    "", status_code=status.HTTP_201_CREATED, response_model=OrderOut, dependencies=PUBLISH_EVENTS
)
async def place_order(body: OrderIn, customer: CurrentCustomer, orders: Orders) -> Order:
    """Order products; their stock is reserved until the order expires."""
    items = [OrderItem(line.product_id, line.quantity) for line in body.lines]
    return await orders.place(customer, items)


@router.get("", response_model=PageOut[OrderOut])
async def list_orders(
    params: Annotated[OrderParams, Depends()],
    paging: Paging,
    customer: CurrentCustomer,
    orders: Orders,
) -> Page[Order]:
    """List your own orders, newest first; admins list all orders."""
    filters = OrderFilter(
        # Customers see only their own orders, whatever the filter.
        customer_id=params.customer_id if customer.role is Role.ADMIN else customer.id,
        status=params.status,
        created_from=params.created_from,
        created_before=params.created_before,
    )
    return await orders.list(filters, cursor=paging.cursor, limit=paging.limit)


@router.get("/{order_id}", response_model=OrderOut)
async def read_order(order_id: UUID, customer: CurrentCustomer, orders: Orders) -> Order:
    """Read one order."""
    return await orders.get(order_id, viewer=customer)


@router.post("/{order_id}/cancel", response_model=OrderOut, dependencies=PUBLISH_EVENTS)
async def cancel_order(order_id: UUID, customer: CurrentCustomer, orders: Orders) -> Order:
    """Cancel an unpaid order."""
    return await orders.cancel(order_id, by=customer)


@router.post("/{order_id}/ship", response_model=OrderOut, dependencies=PUBLISH_EVENTS)
async def ship_order(order_id: UUID, admin: CurrentAdmin, orders: Orders) -> Order:
    """Mark a paid order as shipped; admins only."""
    return await orders.ship(order_id, by=admin)


@router.post("/{order_id}/pay", response_model=PaymentOut, dependencies=PUBLISH_EVENTS)
async def pay_order(
    order_id: UUID,
    body: PaymentIn,
    idempotency_key: Annotated[IdempotencyKey, Header()],
    customer: CurrentCustomer,
    payments: Payments,
) -> Payment:
    """Pay an order. Retry a request without response with the same Idempotency-Key."""
    return await payments.pay(
        customer, order_id, idempotency_key=idempotency_key, card_token=body.card_token
    )


@router.get("/{order_id}/payments", response_model=list[PaymentOut])
async def list_payments(
    order_id: UUID, customer: CurrentCustomer, orders: Orders, payments: Payments
) -> list[Payment]:
    """List an order's payments, oldest first."""
    return await payments.list(await orders.get(order_id, viewer=customer))
