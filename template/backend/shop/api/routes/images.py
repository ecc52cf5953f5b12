"""Images of products; only admins change them."""

from collections.abc import Sequence
from uuid import UUID

from fastapi import APIRouter, Depends, UploadFile, status

from backend.accounts.api.auth import get_current_admin
from backend.core.api.router import PUBLIC
from backend.shop.api.services import Images
from backend.shop.models.product import ProductImage
from backend.shop.schemas.catalogue import ImageOut

router = APIRouter(prefix="/api/v1/products/{product_id}/images", tags=["images"])
admins_only = [Depends(get_current_admin)]


@router.get("", response_model=list[ImageOut], openapi_extra=PUBLIC)
async def list_images(product_id: UUID, images: Images) -> Sequence[ProductImage]:
    """List a product's images, oldest first."""
    return await images.list_images(product_id)


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    response_model=ImageOut,
    dependencies=admins_only,
)
async def add_image(product_id: UUID, file: UploadFile, images: Images) -> ProductImage:
    """Upload a PNG, JPEG or WebP image. Its name and declared type are ignored."""
    # One byte above the limit is enough to reject the upload.
    return await images.add_image(product_id, await file.read(images.max_bytes + 1))


@router.delete("/{image_id}", status_code=status.HTTP_204_NO_CONTENT, dependencies=admins_only)
async def remove_image(product_id: UUID, image_id: UUID, images: Images) -> None:
    """Delete an image."""
    await images.remove_image(product_id, image_id)
