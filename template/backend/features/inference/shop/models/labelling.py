"""Labels of images, and the queue of images to label."""

from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.accounts.models.columns import Instant, choice
from backend.core.models import Base, Timestamps
from backend.shop.models.columns import JSONDocument


class LabellingStatus(StrEnum):
    """`failed`: the service rejected the image, or it failed too often."""

    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"


class ImageLabelling(Timestamps, Base):
    """The labels of one image, deleted with it."""

    __tablename__ = "image_labelling"
    __table_args__ = (
        CheckConstraint("attempts >= 0", name="attempts_not_negative"),
        Index(
            "ix_image_labelling_attempts_created_at_pending",
            "attempts",
            "created_at",
            postgresql_where=text("status = 'pending'"),
        ),
    )

    image_id: Mapped[UUID] = mapped_column(
        ForeignKey("product_image.id", ondelete="CASCADE"), primary_key=True
    )
    status: Mapped[LabellingStatus] = mapped_column(
        choice(LabellingStatus, "status"),
        default=LabellingStatus.PENDING,
        server_default=LabellingStatus.PENDING.value,
    )
    labels: Mapped[list[dict[str, Any]]] = mapped_column(
        JSONDocument, default=list, server_default="[]"
    )
    # Only those that failed while the service was healthy.
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    last_error: Mapped[str | None] = mapped_column(Text)
    # Earliest next attempt; a worker that claims the image moves it, so that no other one does.
    available_at: Mapped[Instant | None]
