"""Sales reports."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from backend.core.errors import ErrorItem, ValidationFailedError
from backend.shop.models.order import OrderStatus
from backend.shop.repositories.reports import DaySales, ProductSales
from backend.shop.repositories.unit_of_work import ShopUnitOfWork

MAX_RANGE = timedelta(days=366)
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class SalesReport:
    """Sales in a date range, which excludes its end."""

    start: datetime
    end: datetime
    days: Sequence[DaySales]
    best_sellers: Sequence[ProductSales]
    orders_by_status: dict[OrderStatus, int]

    @property
    def orders(self) -> int:
        """The number of paid orders."""
        return sum(day.orders for day in self.days)

    @property
    def revenue(self) -> Decimal:
        """The total revenue."""
        return sum((day.revenue for day in self.days), Decimal("0.00"))

    @property
    def average_order(self) -> Decimal:
        """The average order value, rounded to cents; 0 without orders."""
        if not self.orders:
            return Decimal("0.00")
        return (self.revenue / self.orders).quantize(_CENT, ROUND_HALF_UP)


class ReportService:
    """Reports sales, aggregated by the database."""

    def __init__(self, uow: ShopUnitOfWork) -> None:
        self._uow = uow

    async def report_sales(self, start: datetime, end: datetime, *, top: int = 10) -> SalesReport:
        """Report the sales of a date range.

        Raises:
            ValidationFailedError: The range ends before it starts, or is longer than a year.
        """
        if not timedelta(0) < end - start <= MAX_RANGE:
            item = ErrorItem(loc=["query", "end"], msg="Not within a year after", type="range")
            raise ValidationFailedError(
                "The range must end after it starts, within 366 days.", errors=[item]
            )
        reports = self._uow.reports
        return SalesReport(
            start=start,
            end=end,
            days=await reports.sales_by_day(start, end),
            best_sellers=await reports.best_sellers(start, end, limit=top),
            orders_by_status=await reports.count_by_status(),
        )
