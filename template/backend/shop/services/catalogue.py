"""The catalogue of products."""

import hashlib
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from pydantic import Field

from backend.accounts.paging import PageOut
from backend.core.errors import NotFoundError
from backend.core.settings import AppSettings
from backend.shop.adapters.cache import Cache
from backend.shop.adapters.media import MediaStore
from backend.shop.models.product import Product
from backend.shop.repositories.products import ProductFilter
from backend.shop.repositories.unit_of_work import ShopUnitOfWork
from backend.shop.schemas.catalogue import ProductOut

ProductPage = PageOut[ProductOut]
_PREFIX = "catalogue:"


class CatalogueSettings(AppSettings):
    """Caching of the public list."""

    catalogue_ttl: float = Field(default=10.0, ge=0, description="Seconds; 0 disables the cache.")


class CatalogueService:
    """Manages products. The public list is cached, so its stock may be `ttl` seconds old."""

    def __init__(
        self, uow: ShopUnitOfWork, cache: Cache, media: MediaStore, settings: CatalogueSettings
    ) -> None:
        self._uow = uow
        self._cache = cache
        self._media = media
        self._ttl = settings.catalogue_ttl

    async def list(
        self, filters: ProductFilter, *, cursor: str | None = None, limit: int = 20
    ) -> ProductPage:
        """Return a page of products, newest first, from the cache if possible.

        Raises:
            ValidationFailedError: The cursor is not valid.
        """
        key = _make_key(filters, cursor, limit)
        cached = await self._cache.get(key)
        if cached is not None:
            return ProductPage.model_validate_json(cached)
        page = ProductPage.model_validate(
            await self._uow.products.list(filters, cursor=cursor, limit=limit)
        )
        if self._ttl > 0:
            await self._cache.set(key, page.model_dump_json(), ttl=self._ttl)
        return page

    async def get(self, product_id: UUID, *, with_inactive: bool = False) -> Product:
        """Return one product.

        Raises:
            NotFoundError: It does not exist, or it is not for sale.
        """
        product = await self._uow.products.get(product_id)
        if product is None or not (product.active or with_inactive):
            raise NotFoundError("There is no such product.")
        return product

    async def find(self, product_ids: Iterable[UUID]) -> dict[UUID, Product]:
        """Return products by their ids, including those not for sale."""
        return {product.id: product for product in await self._uow.products.find(product_ids)}

    async def add(self, values: dict[str, Any]) -> Product:
        """Add a product.

        Raises:
            ConflictError: The SKU is taken.
        """
        product = Product(**values)
        await self._uow.products.add(product)
        await self._uow.products.flush(product)
        await self._commit()
        return product

    async def change(self, product_id: UUID, changes: dict[str, Any]) -> Product:
        """Update fields of a product.

        Raises:
            NotFoundError: It does not exist.
            ConflictError: The SKU is taken.
        """
        # Locked, since an order may be reducing the stock.
        product = (await self._uow.products.lock([product_id])).get(product_id)
        if product is None:
            raise NotFoundError("There is no such product.")
        for name, value in changes.items():
            setattr(product, name, value)
        await self._uow.products.flush(product)
        await self._commit()
        return product

    async def remove(self, product_id: UUID) -> None:
        """Delete a product that was never ordered, and its images.

        Raises:
            NotFoundError: It does not exist.
            ConflictError: It has been ordered.
        """
        product = await self.get(product_id, with_inactive=True)
        names = [image.name for image in await self._uow.images.list(product_id)]
        await self._uow.products.delete(product)
        await self._commit()
        for name in names:  # the cascade deletes their rows
            await self._media.delete(name)

    async def _commit(self) -> None:
        await self._uow.commit()
        # After the commit; before it, a reader could cache the old page again.
        await self._cache.delete_prefix(_PREFIX)


def _make_key(filters: ProductFilter, cursor: str | None, limit: int) -> str:
    # Hashed, because search terms may be long.
    digest = hashlib.sha256(repr((filters, cursor, limit)).encode()).hexdigest()
    return f"{_PREFIX}{digest}"
