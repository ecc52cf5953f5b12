"""Jobs, written in the transaction that requests them."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, CheckConstraint, DateTime, Enum, Index, String, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from backend.core.models import Base, Timestamps, UuidPrimaryKey


class JobStatus(StrEnum):
    """`dead`: failed for good, until it is retried by hand."""

    OPEN = "open"
    DONE = "done"
    DEAD = "dead"


class Job(UuidPrimaryKey, Timestamps, Base):
    """A job. Its id ensures that it is done once, however often it is delivered."""

    __tablename__ = "job"
    __table_args__ = (
        CheckConstraint("attempts >= 0", name="attempts_not_negative"),
        Index(
            "ix_job_created_at_id_open",
            "created_at",
            "id",
            postgresql_where=text("status = 'open'"),
        ),
    )

    name: Mapped[str] = mapped_column(String(80))
    arguments: Mapped[dict[str, Any]] = mapped_column(JSON().with_variant(JSONB(), "postgresql"))
    status: Mapped[JobStatus] = mapped_column(
        Enum(
            JobStatus,
            name="status",
            native_enum=False,
            create_constraint=True,
            length=16,
            values_callable=lambda members: [member.value for member in members],
        ),
        default=JobStatus.OPEN,
        server_default=JobStatus.OPEN.value,
    )
    # How often a worker started it, including workers that were killed.
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    last_error: Mapped[str | None] = mapped_column(Text)
    # When to send it to the broker (again), unless it is done; None: at once.
    send_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
