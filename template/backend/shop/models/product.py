"""Products of the catalogue, and their images."""

from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, true
from sqlalchemy.orm import Mapped, mapped_column, relationship

from backend.core.models import Base, Timestamps, UuidPrimaryKey
from backend.shop.models.columns import Money


class Product(UuidPrimaryKey, Timestamps, Base):
    """A product. `stock` is the quantity that can still be ordered."""

    __tablename__ = "product"
    __table_args__ = (
        CheckConstraint("price > 0", name="price_positive"),
        CheckConstraint("stock >= 0", name="stock_not_negative"),
        # For `name ILIKE '%part%'`, which a B-tree cannot serve.
        Index(
            "ix_product_name_trgm",
            "name",
            postgresql_using="gin",
            postgresql_ops={"name": "gin_trgm_ops"},
        ),
        Index("ix_product_created_at_id", "created_at", "id"),
    )

    sku: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    description: Mapped[str | None] = mapped_column(Text)
    price: Mapped[Money]
    stock: Mapped[int] = mapped_column(default=0, server_default="0")
    active: Mapped[bool] = mapped_column(default=True, server_default=true())

    images: Mapped[list["ProductImage"]] = relationship(
        back_populates="product",
        cascade="all, delete-orphan",
        passive_deletes=True,
        order_by="ProductImage.created_at",
        lazy="raise",
    )


class ProductImage(UuidPrimaryKey, Timestamps, Base):
    """An image of a product. `name` is the generated file name in the media store."""

    __tablename__ = "product_image"

    product_id: Mapped[UUID] = mapped_column(
        ForeignKey("product.id", ondelete="CASCADE"), index=True
    )
    name: Mapped[str] = mapped_column(String(64), unique=True)
    content_type: Mapped[str] = mapped_column(String(32))
    size: Mapped[int]

    product: Mapped[Product] = relationship(back_populates="images", lazy="raise")
