"""Jobs and reports, for admins."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from backend.accounts.api.auth import get_current_admin
from backend.accounts.api.paging import Paging
from backend.accounts.paging import Page, PageOut
from backend.shop.api.services import Cleanup, Outbox, Reports
from backend.shop.models.outbox import OutboxEvent
from backend.shop.schemas.jobs import CleanupOut, DeadLetterOut, DispatchOut, SalesReportOut
from backend.shop.schemas.timestamps import Timestamp
from backend.shop.services.cleanup import CleanupReport
from backend.shop.services.outbox import DispatchReport
from backend.shop.services.reports import SalesReport

router = APIRouter(
    prefix="/api/v1/admin", tags=["admin"], dependencies=[Depends(get_current_admin)]
)


@router.post("/cleanup", response_model=CleanupOut)
async def clean_up(cleanup: Cleanup) -> CleanupReport:
    """Reconcile pending payments and expire unpaid orders now."""
    return await cleanup.run()


@router.post("/outbox/dispatch", response_model=DispatchOut)
async def dispatch_events(outbox: Outbox) -> DispatchReport:
    """Publish the events that are due now."""
    return await outbox.dispatch()


@router.get("/outbox/dead-letters", response_model=PageOut[DeadLetterOut])
async def list_dead_letters(outbox: Outbox, paging: Paging) -> Page[OutboxEvent]:
    """List the dead letters, newest first."""
    return await outbox.list_dead_letters(cursor=paging.cursor, limit=paging.limit)


@router.post("/outbox/{event_id}/retry", response_model=DeadLetterOut)
async def retry_event(event_id: UUID, outbox: Outbox) -> OutboxEvent:
    """Retry a dead letter."""
    return await outbox.retry(event_id)


@router.get("/reports/sales", response_model=SalesReportOut)
async def report_sales(
    reports: Reports,
    start: Timestamp,
    end: Timestamp,
    top: Annotated[int, Query(ge=1, le=100)] = 10,
) -> SalesReport:
    """Report the sales of a date range."""
    return await reports.report_sales(start, end, top=top)
