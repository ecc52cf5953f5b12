"""The benchmark's tables: two that are used, and as many more as were asked for."""

from uuid import UUID

from sqlalchemy import CheckConstraint, Column, ForeignKey, Integer, String, Table, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from backend.core.models import Base, Timestamps, UuidPrimaryKey

TABLES = 10


class Item(UuidPrimaryKey, Timestamps, Base):
    """What every test writes. The name is unique: a row that stayed fails the next test."""

    __tablename__ = "item"
    __table_args__ = (CheckConstraint("price > 0", name="price_positive"),)

    name: Mapped[str] = mapped_column(String(80), unique=True)
    price: Mapped[int]


class Part(UuidPrimaryKey, Base):
    """What a test that writes to two tables writes as well."""

    __tablename__ = "part"

    item_id: Mapped[UUID] = mapped_column(ForeignKey("item.id", ondelete="CASCADE"), index=True)


for number in range(1, TABLES - 1):
    # Chains of four, as aggregates have them.
    parent = "item.id" if number % 4 == 1 else f"extra_{number - 1:03}.id"
    Table(
        f"extra_{number:03}",
        Base.metadata,
        Column("id", Uuid, primary_key=True),
        Column("parent_id", Uuid, ForeignKey(parent, ondelete="CASCADE"), index=True),
        Column("name", String(80), unique=True),
        Column("amount", Integer),
    )
