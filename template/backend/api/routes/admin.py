"""Jobs and reports, for admins."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from backend.api.auth import get_current_admin
from backend.api.paging import Paging
from backend.api.services import Cleanup, Outbox, Reports
from backend.models.outbox import OutboxEvent
from backend.repositories.paging import Page
from backend.schemas.base import Moment, PageOut
from backend.schemas.jobs import CleanupOut, DeadEventOut, DispatchOut, SalesReportOut
from backend.services.cleanup import CleanupReport
from backend.services.outbox import DispatchReport
from backend.services.reports import SalesReport

router = APIRouter(
    prefix="/api/v1/admin", tags=["admin"], dependencies=[Depends(get_current_admin)]
)


@router.post("/cleanup", response_model=CleanupOut)
async def clean_up(cleanup: Cleanup) -> CleanupReport:
    """Expire unpaid orders, settle stuck payments and forget old tokens now."""
    return await cleanup.run()


@router.post("/outbox/dispatch", response_model=DispatchOut)
async def dispatch_events(outbox: Outbox) -> DispatchReport:
    """Tell the events that are due now."""
    return await outbox.dispatch()


@router.get("/outbox/dead", response_model=PageOut[DeadEventOut])
async def list_dead_events(outbox: Outbox, paging: Paging) -> Page[OutboxEvent]:
    """List the events that were given up, the newest first."""
    return await outbox.list_dead(cursor=paging.cursor, limit=paging.limit)


@router.post("/outbox/{event_id}/revive", response_model=DeadEventOut)
async def revive_event(event_id: UUID, outbox: Outbox) -> OutboxEvent:
    """Try a dead event again."""
    return await outbox.revive(event_id)


@router.get("/reports/sales", response_model=SalesReportOut)
async def report_sales(
    reports: Reports,
    start: Moment,
    end: Moment,
    top: Annotated[int, Query(ge=1, le=100)] = 10,
) -> SalesReport:
    """Add up what was paid in a range."""
    return await reports.report_sales(start, end, top=top)
