"""Labels of images."""

from uuid import UUID

from backend.core.schemas import Output
from backend.features.inference.shop.models.labelling import LabellingStatus


class LabelOut(Output):
    """Something that is on an image, and how sure the model is of it, from 0 to 1."""

    name: str
    score: float


class ImageLabelsOut(Output):
    """An image's labels; none while it waits for them."""

    image_id: UUID
    status: LabellingStatus
    labels: list[LabelOut]
