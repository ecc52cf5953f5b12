"""The outbox: events written in a transaction, to be published after it."""

from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.accounts.models.columns import Instant, choice
from backend.core.models import Base, Timestamps, UuidPrimaryKey
from backend.shop.models.columns import JSONDocument


class OutboxStatus(StrEnum):
    """`dead`: failed too often; kept until an admin retries it."""

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"


class OutboxEvent(UuidPrimaryKey, Timestamps, Base):
    """An event, written in the transaction that caused it and delivered at least once."""

    __tablename__ = "outbox_event"
    __table_args__ = (
        CheckConstraint("attempts >= 0", name="attempts_not_negative"),
        Index(
            "ix_outbox_event_created_at_id_pending",
            "created_at",
            "id",
            postgresql_where=text("status = 'pending'"),
        ),
    )

    topic: Mapped[str] = mapped_column(String(80))
    type: Mapped[str] = mapped_column(String(40))
    payload: Mapped[dict[str, Any]] = mapped_column(JSONDocument)
    status: Mapped[OutboxStatus] = mapped_column(
        choice(OutboxStatus, "status"),
        default=OutboxStatus.PENDING,
        server_default=OutboxStatus.PENDING.value,
    )
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    last_error: Mapped[str | None] = mapped_column(Text)
    # Earliest time to publish; None: at once, so that clock skew cannot delay an event.
    available_at: Mapped[Instant | None]
    delivered_at: Mapped[Instant | None]
