"""Products in the schema."""

from datetime import datetime
from decimal import Decimal
from typing import Self
from uuid import UUID

import strawberry

from backend.core.errors import NotFoundError
from backend.features.graphql.context import OperationContext
from backend.shop.models.product import Product as Row
from backend.shop.schemas.catalogue import ProductOut
from backend.shop.services.container import ShopContainer


@strawberry.type
class Product:
    """A product in the catalogue. In an order, it may no longer be for sale."""

    id: UUID
    sku: str
    name: str
    description: str | None
    price: Decimal
    stock: int
    active: bool
    created_at: datetime

    @classmethod
    def of(cls, product: Row | ProductOut) -> Self:
        """Convert a product."""
        return cls(
            id=product.id,
            sku=product.sku,
            name=product.name,
            description=product.description,
            price=product.price,
            stock=product.stock,
            active=product.active,
            created_at=product.created_at,
        )


@strawberry.type
class ProductPage:
    """A page of products; `next_cursor` leads to the next page; null on the last one."""

    items: list[Product]
    next_cursor: str | None


@strawberry.input
class ProductFilter:
    """Filters; an omitted one matches all."""

    search: str | None = None
    min_price: Decimal | None = None
    max_price: Decimal | None = None
    in_stock: bool | None = None


async def load_products(
    context: OperationContext, ids: list[UUID]
) -> list[Product | BaseException]:
    """Load products by id in one statement, including those not for sale."""
    shop: ShopContainer = context.app.state.shop
    async with context.work(shop.open_unit_of_work) as uow:
        found = await shop.catalogue(uow).find(ids)
    return [
        Product.of(found[key]) if key in found else NotFoundError("There is no such product.")
        for key in ids
    ]
