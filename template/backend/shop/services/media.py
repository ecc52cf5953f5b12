"""Images of products."""

from collections.abc import Sequence
from uuid import UUID, uuid4

from backend.core.errors import NotFoundError, PayloadTooLargeError
from backend.shop.adapters.media import MediaSettings, MediaStore, sniff_image
from backend.shop.models.product import ProductImage
from backend.shop.repositories.unit_of_work import ShopUnitOfWork


class MediaService:
    """Manages images: files in the media store, rows in the database."""

    def __init__(self, uow: ShopUnitOfWork, store: MediaStore, settings: MediaSettings) -> None:
        self._uow = uow
        self._store = store
        self.max_bytes = settings.media_max_bytes

    async def add_image(self, product_id: UUID, content: bytes) -> ProductImage:
        """Add an image to a product.

        Raises:
            NotFoundError: There is no such product.
            PayloadTooLargeError: The file is too large.
            UnsupportedMediaError: It is not an image of an accepted type.
        """
        if len(content) > self.max_bytes:
            raise PayloadTooLargeError(f"An image may have {self.max_bytes} bytes at most.")
        kind = sniff_image(content)
        await self._check_product(product_id)
        name = await self._store.save(content, kind.suffix)
        image = ProductImage(
            id=uuid4(),
            product_id=product_id,
            name=name,
            content_type=kind.content_type,
            size=len(content),
        )
        try:
            await self._uow.images.add(image)
            await self._uow.commit()
        except BaseException:
            # Also on cancellation: a file without a row would never be deleted.
            await self._store.delete(name)
            raise
        return image

    async def list_images(self, product_id: UUID) -> Sequence[ProductImage]:
        """Return a product's images, oldest first.

        Raises:
            NotFoundError: There is no such product.
        """
        await self._check_product(product_id)
        return await self._uow.images.list(product_id)

    async def remove_image(self, product_id: UUID, image_id: UUID) -> None:
        """Delete an image.

        Raises:
            NotFoundError: It does not exist.
        """
        image = await self._uow.images.get(product_id, image_id)
        if image is None:
            raise NotFoundError("There is no such image.")
        await self._uow.images.delete(image)
        await self._uow.commit()
        # The row first: a row without its file would be a broken image.
        await self._store.delete(image.name)

    async def _check_product(self, product_id: UUID) -> None:
        if await self._uow.products.get(product_id) is None:
            raise NotFoundError("There is no such product.")
