"""categories, products, movements"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade():
    op.create_table(
        "category",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("parent_id", sa.Integer, sa.ForeignKey("category.id")),
    )
    op.create_index("ix_category_name", "category", ["name"], unique=True)
    op.create_table(
        "product",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("price", sa.Numeric(10, 2), nullable=False),
        sa.Column("stock", sa.Integer, nullable=False, server_default="0"),
        sa.Column("category_id", sa.Integer, sa.ForeignKey("category.id"), nullable=False),
        sa.CheckConstraint("stock >= 0", name="stock_not_negative"),
    )
    op.create_table(
        "movement",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("product_id", sa.Integer, sa.ForeignKey("product.id"), nullable=False),
        sa.Column("amount", sa.Integer, nullable=False),
    )
    op.execute("INSERT INTO category (name) VALUES ('everything')")
    op.execute("INSERT INTO category (name, parent_id) VALUES ('tools', 1), ('paint', 1)")


def downgrade():
    op.drop_table("movement")
    op.drop_table("product")
    op.drop_table("category")
