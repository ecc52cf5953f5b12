"""Labels of images."""

from uuid import UUID

from backend.core.schemas import Output
from backend.features.inference.shop.models.labelling import LabellingStatus


class LabelOut(Output):
    """A label of an image, and the model's confidence from 0 to 1."""

    name: str
    score: float


class ImageLabelsOut(Output):
    """An image's labels; empty while it waits for them."""

    image_id: UUID
    status: LabellingStatus
    labels: list[LabelOut]
