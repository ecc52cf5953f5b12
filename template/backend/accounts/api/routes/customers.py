"""Accounts, for admins."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from backend.accounts.api.auth import CurrentAdmin, get_current_admin
from backend.accounts.api.paging import Paging
from backend.accounts.api.services import Accounts
from backend.accounts.models.customer import Customer
from backend.accounts.paging import Page, PageOut
from backend.accounts.schemas.accounts import CustomerOut, CustomerPatch

router = APIRouter(
    prefix="/api/v1/customers", tags=["customers"], dependencies=[Depends(get_current_admin)]
)


@router.get("", response_model=PageOut[CustomerOut])
async def list_customers(
    accounts: Accounts, paging: Paging, is_active: Annotated[bool | None, Query()] = None
) -> Page[Customer]:
    """List accounts, newest first."""
    return await accounts.list(is_active=is_active, cursor=paging.cursor, limit=paging.limit)


@router.get("/{customer_id}", response_model=CustomerOut)
async def read_customer(customer_id: UUID, accounts: Accounts) -> Customer:
    """Read one account."""
    return await accounts.get(customer_id)


@router.patch("/{customer_id}", response_model=CustomerOut)
async def change_customer(
    customer_id: UUID, body: CustomerPatch, accounts: Accounts, admin: CurrentAdmin
) -> Customer:
    """Update fields of an account; deactivating it revokes its tokens."""
    return await accounts.change(customer_id, body.changes(), by=admin)
