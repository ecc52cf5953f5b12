"""The catalogue, which is public; only admins change it."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, status

from backend.accounts.api.auth import get_current_admin
from backend.accounts.api.paging import Paging
from backend.core.api.router import PUBLIC
from backend.core.schemas import Text
from backend.shop.api.services import Catalogue
from backend.shop.models.product import Product
from backend.shop.repositories.products import ProductFilter
from backend.shop.schemas.catalogue import ProductIn, ProductOut, ProductPatch
from backend.shop.services.catalogue import ProductPage

router = APIRouter(prefix="/api/v1/products", tags=["products"])
admins_only = [Depends(get_current_admin)]

PriceLimit = Annotated[Decimal | None, Query(ge=0, max_digits=10, decimal_places=2)]


@dataclass(frozen=True, slots=True)
class ProductParams:
    """Filters of the list."""

    search: Annotated[
        Text | None, Query(min_length=1, max_length=120, description="Part of the name.")
    ] = None
    min_price: PriceLimit = None
    max_price: PriceLimit = None
    in_stock: Annotated[bool | None, Query()] = None


@router.get("", openapi_extra=PUBLIC)
async def list_products(
    params: Annotated[ProductParams, Depends()], paging: Paging, catalogue: Catalogue
) -> ProductPage:
    """List products for sale, newest first."""
    filters = ProductFilter(
        search=params.search,
        min_price=params.min_price,
        max_price=params.max_price,
        in_stock=params.in_stock,
    )
    return await catalogue.list(filters, cursor=paging.cursor, limit=paging.limit)


@router.get("/{product_id}", response_model=ProductOut, openapi_extra=PUBLIC)
async def read_product(product_id: UUID, catalogue: Catalogue) -> Product:
    """Read a product that is for sale."""
    return await catalogue.get(product_id)


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    response_model=ProductOut,
    dependencies=admins_only,
)
async def add_product(body: ProductIn, catalogue: Catalogue) -> Product:
    """Add a product."""
    return await catalogue.add(body.model_dump())


@router.patch("/{product_id}", response_model=ProductOut, dependencies=admins_only)
async def change_product(product_id: UUID, body: ProductPatch, catalogue: Catalogue) -> Product:
    """Update fields of a product."""
    return await catalogue.change(product_id, body.changes())


@router.delete("/{product_id}", status_code=status.HTTP_204_NO_CONTENT, dependencies=admins_only)
async def remove_product(product_id: UUID, catalogue: Catalogue) -> None:
    """Delete a product that was never ordered."""
    await catalogue.remove(product_id)
