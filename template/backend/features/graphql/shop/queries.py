"""What may be asked about the shop."""

from typing import Annotated
from uuid import UUID

import strawberry

from backend.core.errors import NotFoundError
from backend.features.graphql.context import Info
from backend.features.graphql.shop.catalogue import (
    Product,
    load_products,
)

Id = Annotated[UUID, strawberry.argument(name="id")]


@strawberry.type
class ShopQuery:
    """What may be asked about the shop."""

    @strawberry.field
    async def product(self, info: Info, product_id: Id) -> Product:
        """One product that is for sale."""
        product = await info.context.loader(load_products).load(product_id)
        if not product.active:
            raise NotFoundError("There is no such product.")
        return product
