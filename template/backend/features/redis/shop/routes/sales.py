"""Daily sales, for admins."""

from datetime import date
from typing import Annotated, cast

from fastapi import APIRouter, Depends, Request
from redis import RedisError

from backend.accounts.api.auth import get_current_admin
from backend.core.errors import UnavailableError
from backend.features.redis.shop.sales import Sales, SalesOut

router = APIRouter(
    prefix="/api/v1/admin/sales", tags=["admin"], dependencies=[Depends(get_current_admin)]
)


async def get_sales(request: Request) -> Sales:
    """Return the sales counter of the running app."""
    return cast("Sales", request.app.state.sales)


@router.get("/{day}")
async def read_sales(day: date, sales: Annotated[Sales, Depends(get_sales)]) -> SalesOut:
    """Return the sales of a day (UTC), with a delay of a few seconds."""
    try:
        return await sales.read(day)
    except RedisError as error:
        raise UnavailableError from error
