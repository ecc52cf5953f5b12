"""Invoices of paid orders."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request

from backend.accounts.api.auth import CurrentCustomer
from backend.features.object_storage.shop.invoices import InvoiceOut, Invoices
from backend.shop.api.services import Orders

router = APIRouter(prefix="/api/v1/orders", tags=["invoices"])


async def get_invoices(request: Request) -> Invoices:
    """Return the invoice service of the running app."""
    return Invoices(request.app.state.object_storage)


@router.get("/{order_id}/invoice")
async def read_invoice(
    order_id: UUID,
    customer: CurrentCustomer,
    orders: Orders,
    invoices: Annotated[Invoices, Depends(get_invoices)],
) -> InvoiceOut:
    """Return a link to the invoice of your paid order; downloading it needs no token."""
    return await invoices.make_link(await orders.get(order_id, viewer=customer))
