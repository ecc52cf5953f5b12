"""Queries about the shop."""

from dataclasses import asdict
from typing import Annotated
from uuid import UUID

import strawberry

from backend.accounts.api.paging import PageParams
from backend.core.errors import NotFoundError
from backend.features.graphql.accounts.auth import get_customer
from backend.features.graphql.context import Info, OperationContext
from backend.features.graphql.shop.catalogue import (
    Product,
    ProductFilter,
    ProductPage,
    load_products,
)
from backend.features.graphql.shop.inputs import check
from backend.features.graphql.shop.orders import Order, OrderPage
from backend.shop.api.routes.products import ProductParams
from backend.shop.models.order import OrderStatus
from backend.shop.repositories import orders, products
from backend.shop.services.container import ShopContainer

Id = Annotated[UUID, strawberry.argument(name="id")]
Filter = Annotated[ProductFilter | None, strawberry.argument(name="filter")]


def get_shop(context: OperationContext) -> ShopContainer:
    """Return the shop's container."""
    shop: ShopContainer = context.app.state.shop
    return shop


@strawberry.type
class ShopQuery:
    """Queries about the shop."""

    @strawberry.field
    async def products(
        self, info: Info, filters: Filter = None, cursor: str | None = None, limit: int = 20
    ) -> ProductPage:
        """Products for sale, newest first."""
        params = check(ProductParams, asdict(filters) if filters else {})
        paging = check(PageParams, {"cursor": cursor, "limit": limit})
        shop = get_shop(info.context)
        async with info.context.work(shop.open_unit_of_work) as uow:
            page = await shop.catalogue(uow).list(
                products.ProductFilter(**asdict(params)), cursor=paging.cursor, limit=paging.limit
            )
        items = [Product.of(row) for row in page.items]
        return ProductPage(items=items, next_cursor=page.next_cursor)

    @strawberry.field
    async def product(self, info: Info, product_id: Id) -> Product:
        """One product that is for sale."""
        product = await info.context.loader(load_products).load(product_id)
        if not product.active:
            raise NotFoundError("There is no such product.")
        return product

    @strawberry.field
    async def orders(
        self,
        info: Info,
        status: OrderStatus | None = None,
        cursor: str | None = None,
        limit: int = 20,
    ) -> OrderPage:
        """The caller's orders, newest first."""
        paging = check(PageParams, {"cursor": cursor, "limit": limit})
        customer = await info.context.once(get_customer)
        filters = orders.OrderFilter(customer_id=customer.id, status=status)
        shop = get_shop(info.context)
        async with info.context.work(shop.open_unit_of_work) as uow:
            page = await shop.orders(uow).list(filters, cursor=paging.cursor, limit=paging.limit)
        return OrderPage(items=[Order.of(row) for row in page.items], next_cursor=page.next_cursor)

    @strawberry.field
    async def order(self, info: Info, order_id: Id) -> Order:
        """One order of the caller, or of anyone for an admin."""
        return await read_order(info.context, order_id)


async def read_order(context: OperationContext, order_id: UUID) -> Order:
    """Return an order that the caller may see.

    Raises:
        AuthenticationError: The caller is not logged in.
        NotFoundError: It does not exist, or belongs to someone else.
    """
    customer = await context.once(get_customer)
    shop = get_shop(context)
    async with context.work(shop.open_unit_of_work) as uow:
        return Order.of(await shop.orders(uow).get(order_id, viewer=customer))
