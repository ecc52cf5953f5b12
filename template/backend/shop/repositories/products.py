"""Queries for products and their images."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from backend.accounts.paging import Page, fetch_page
from backend.core.errors import ConflictError
from backend.shop.models.product import Product, ProductImage


@dataclass(frozen=True, slots=True)
class ProductFilter:
    """Filters; None matches all."""

    search: str | None = None
    min_price: Decimal | None = None
    max_price: Decimal | None = None
    in_stock: bool | None = None
    active: bool | None = True


class ProductRepository:
    """The catalogue."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, product: Product) -> None:
        """Insert a product.

        Raises:
            ConflictError: The SKU is taken.
        """
        try:
            async with self._session.begin_nested():
                self._session.add(product)
        except IntegrityError as error:
            raise ConflictError("This SKU is taken.") from error

    async def get(self, product_id: UUID) -> Product | None:
        """Return one product."""
        return await self._session.get(Product, product_id)

    async def find(self, product_ids: Iterable[UUID]) -> Sequence[Product]:
        """Return the existing products among these, in any order."""
        statement = select(Product).where(Product.id.in_(set(product_ids)))
        return (await self._session.scalars(statement)).all()

    async def list(
        self, filters: ProductFilter, *, cursor: str | None = None, limit: int = 20
    ) -> Page[Product]:
        """Return a page of products, newest first."""
        key = (Product.created_at, Product.id)
        return await fetch_page(self._session, _select(filters), key, cursor=cursor, limit=limit)

    async def lock(self, product_ids: Iterable[UUID]) -> dict[UUID, Product]:
        """Return products and lock them until the transaction ends.

        They are always locked in id order: otherwise two orders for the same products could
        deadlock.
        """
        statement = (
            select(Product)
            .where(Product.id.in_(set(product_ids)))
            .order_by(Product.id)
            .with_for_update()
            # Objects already in the session may be older than the lock.
            .execution_options(populate_existing=True)
        )
        return {product.id: product for product in await self._session.scalars(statement)}

    async def flush(self, product: Product) -> None:
        """Flush changes and reload what the database computed.

        Raises:
            ConflictError: The SKU is taken.
        """
        try:
            await self._session.flush()
        except IntegrityError as error:
            raise ConflictError("This SKU is taken.") from error
        await self._session.refresh(product)

    async def delete(self, product: Product) -> None:
        """Delete a product and its image rows.

        Raises:
            ConflictError: It has been ordered.
        """
        try:
            async with self._session.begin_nested():
                await self._session.delete(product)
        except IntegrityError as error:
            raise ConflictError("The product has been ordered; deactivate it instead.") from error


class ProductImageRepository:
    """Rows of product images; the files are in the media store."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, image: ProductImage) -> None:
        """Insert an image."""
        self._session.add(image)
        await self._session.flush()

    async def get(self, product_id: UUID, image_id: UUID) -> ProductImage | None:
        """Return one image of a product."""
        statement = select(ProductImage).where(
            ProductImage.id == image_id, ProductImage.product_id == product_id
        )
        return await self._session.scalar(statement)

    async def list(self, product_id: UUID) -> Sequence[ProductImage]:
        """Return a product's images, oldest first."""
        statement = (
            select(ProductImage)
            .where(ProductImage.product_id == product_id)
            .order_by(ProductImage.created_at, ProductImage.id)
        )
        return (await self._session.scalars(statement)).all()

    async def delete(self, image: ProductImage) -> None:
        """Delete an image's row."""
        await self._session.delete(image)
        await self._session.flush()


def _select(filters: ProductFilter) -> Select[Product]:
    statement = select(Product)
    if filters.active is not None:
        statement = statement.where(Product.active.is_(filters.active))
    if filters.search:
        pattern = f"%{_escape(filters.search)}%"
        statement = statement.where(Product.name.ilike(pattern, escape="\\"))
    if filters.min_price is not None:
        statement = statement.where(Product.price >= filters.min_price)
    if filters.max_price is not None:
        statement = statement.where(Product.price <= filters.max_price)
    if filters.in_stock is not None:
        statement = statement.where(Product.stock > 0 if filters.in_stock else Product.stock == 0)
    return statement


def _escape(text: str) -> str:
    """Escape the wildcards `%` and `_`."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
