"""Labels of images, and the queue of those that wait for them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "image_labelling",
        sa.Column("image_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(16), server_default="pending", nullable=False),
        sa.Column("labels", postgresql.JSONB(), server_default="[]", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("available_at", sa.DateTime(timezone=True), nullable=True),
        *_timestamps(),
        sa.PrimaryKeyConstraint("image_id", name="pk_image_labelling"),
        sa.ForeignKeyConstraint(
            ["image_id"],
            ["product_image.id"],
            name="fk_image_labelling_image_id_product_image",
            ondelete="CASCADE",
        ),
        sa.CheckConstraint(
            "status IN ('pending', 'done', 'failed')", name=op.f("ck_image_labelling_status")
        ),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_image_labelling_attempts_not_negative")),
    )
    op.create_index(
        "ix_image_labelling_attempts_created_at_pending",
        "image_labelling",
        ["attempts", "created_at"],
        postgresql_where=sa.text("status = 'pending'"),
    )


def downgrade() -> None:
    op.drop_table("image_labelling")


def _timestamps() -> list[sa.Column[object]]:
    return [
        sa.Column(
            name,
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        )
        for name in ("created_at", "updated_at")
    ]
