"""Labels of a product's images."""

from collections.abc import Sequence
from uuid import UUID

from fastapi import APIRouter

from backend.core.api.dependencies import SessionDep
from backend.core.api.router import PUBLIC
from backend.core.errors import NotFoundError
from backend.features.inference.shop.models.labelling import ImageLabelling
from backend.features.inference.shop.repositories.labellings import LabellingRepository
from backend.features.inference.shop.schemas.labels import ImageLabelsOut
from backend.shop.api.services import UnitOfWorkDep

router = APIRouter(prefix="/api/v1/products/{product_id}/labels", tags=["labels"])


@router.get("", response_model=list[ImageLabelsOut], openapi_extra=PUBLIC)
async def list_labels(
    product_id: UUID, shop: UnitOfWorkDep, session: SessionDep
) -> Sequence[ImageLabelling]:
    """List the labels of a product's images, oldest image first."""
    if await shop.products.get(product_id) is None:
        raise NotFoundError("There is no such product.")
    return await LabellingRepository(session).list(product_id)
