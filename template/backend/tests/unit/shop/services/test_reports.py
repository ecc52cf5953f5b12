"""Reports."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.core.errors import ValidationFailedError
from backend.shop.models.order import OrderStatus
from backend.shop.repositories.reports import DaySales
from backend.shop.services.reports import ReportService, SalesReport
from backend.tests.fakes.shop.unit_of_work import FakeShopUnitOfWork

START = datetime(2026, 1, 1, tzinfo=UTC)
sales = st.builds(
    DaySales,
    st.just(date(2026, 1, 1)),
    st.integers(1, 1000),
    st.decimals(Decimal("0.01"), Decimal(100_000), places=2),
)


def make_report(*days: DaySales) -> SalesReport:
    return SalesReport(START, START + timedelta(days=1), days, [], {})


@pytest.mark.usefixtures("hypothesis_ready")
@pytest.mark.slow  # under coverage, and more so in a large project
@given(st.lists(sales, max_size=10))
@settings(max_examples=25, deadline=None)
def test_sums_are_exact_and_the_average_is_within_half_a_cent(days: list[DaySales]) -> None:
    report = make_report(*days)
    assert report.revenue == sum((day.revenue for day in days), Decimal(0))
    assert report.orders == sum(day.orders for day in days)
    if days:
        error = abs(report.average_order * report.orders - report.revenue)
        assert error <= report.orders * Decimal("0.005")


def test_half_a_cent_is_rounded_up() -> None:
    report = make_report(DaySales(date(2026, 1, 1), 2, Decimal("0.01")))
    assert report.average_order == Decimal("0.01")


def test_without_sales_all_is_0() -> None:
    report = make_report()
    assert {report.orders, report.revenue, report.average_order} == {0}


async def test_a_report_contains_the_query_results() -> None:
    uow = FakeShopUnitOfWork()
    uow.reports.days = [DaySales(date(2026, 1, 1), 2, Decimal("3.00"))]
    uow.reports.counts = {OrderStatus.PAID: 2}
    report = await ReportService(uow).report_sales(START, START + timedelta(days=1))
    assert (report.orders, report.average_order) == (2, Decimal("1.50"))
    assert report.orders_by_status[OrderStatus.PAID] == 2
    assert report.orders_by_status[OrderStatus.EXPIRED] == 0


@pytest.mark.parametrize("days", [-1, 0, 367])
async def test_a_range_is_positive_and_at_most_a_year(days: int) -> None:
    with pytest.raises(ValidationFailedError):
        await ReportService(FakeShopUnitOfWork()).report_sales(START, START + timedelta(days=days))


async def test_a_leap_year_fits() -> None:
    service = ReportService(FakeShopUnitOfWork())
    assert await service.report_sales(START, START + timedelta(days=366))
