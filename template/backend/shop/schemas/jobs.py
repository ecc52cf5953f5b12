"""Results of background jobs and reports."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from backend.core.schemas import Output
from backend.shop.models.order import OrderStatus


class DispatchOut(Output):
    """The outcome of one dispatch round."""

    delivered: int
    retried: int
    dead: int


class CleanupOut(Output):
    """The outcome of one cleanup round."""

    expired_orders: int
    reconciled_payments: int


class DeadLetterOut(Output):
    """An event that could not be delivered."""

    id: UUID
    topic: str
    type: str
    payload: dict[str, Any]
    attempts: int
    last_error: str | None
    created_at: datetime


class DaySalesOut(Output):
    """Sales of one day (UTC)."""

    day: date
    orders: int
    revenue: Decimal


class ProductSalesOut(Output):
    """Sales of a product."""

    product_id: UUID
    name: str
    quantity: int
    revenue: Decimal


class SalesReportOut(Output):
    """Sales in a date range, which excludes its end."""

    start: datetime
    end: datetime
    orders: int
    revenue: Decimal
    average_order: Decimal
    days: list[DaySalesOut]
    best_sellers: list[ProductSalesOut]
    orders_by_status: dict[OrderStatus, int]
