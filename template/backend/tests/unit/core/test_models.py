"""What every table has in common."""

import uuid

from sqlalchemy import CheckConstraint, DefaultClause, ForeignKey, Integer, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.sql.schema import CallableColumnDefault, ColumnElementColumnDefault

from backend.core.models import Base, Timestamps, UuidPrimaryKey


class Registry(DeclarativeBase):
    """Tables of this test: those of the application must not see them."""

    metadata = type(Base.metadata)(naming_convention=Base.metadata.naming_convention)


class Shelf(UuidPrimaryKey, Timestamps, Registry):
    """A table with one constraint of each kind."""

    __tablename__ = "shelf"
    __table_args__ = (CheckConstraint("height > 0", name="height_positive"),)

    name: Mapped[str] = mapped_column(String(20), unique=True)
    height: Mapped[int] = mapped_column(Integer, index=True)
    parent_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("shelf.id"))


def test_every_constraint_has_a_name_that_a_migration_can_drop() -> None:
    names = {constraint.name for constraint in Shelf.metadata.tables["shelf"].constraints}
    assert names == {
        "pk_shelf",
        "uq_shelf_name",
        "ck_shelf_height_positive",
        "fk_shelf_parent_id_shelf",
    }
    assert {index.name for index in Shelf.metadata.tables["shelf"].indexes} == {"ix_shelf_height"}


def test_times_come_from_a_clock_that_moves_within_a_transaction() -> None:
    for name in ("created_at", "updated_at"):
        default = Shelf.metadata.tables["shelf"].c[name].server_default
        assert isinstance(default, DefaultClause)
        assert str(default.arg) == "clock_timestamp()"
    renewed = Shelf.metadata.tables["shelf"].c.updated_at.onupdate
    assert isinstance(renewed, ColumnElementColumnDefault)
    assert str(renewed.arg) == "clock_timestamp()"


def test_two_rows_have_two_keys() -> None:
    make_key = Shelf.metadata.tables["shelf"].c.id.default
    assert isinstance(make_key, CallableColumnDefault)
    assert make_key.arg({}) != make_key.arg({})  # type: ignore[arg-type]  # takes any context
