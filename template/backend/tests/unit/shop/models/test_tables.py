"""What the tables promise, whatever the database."""

from enum import StrEnum
from pathlib import Path

import pytest
from sqlalchemy import CheckConstraint, DateTime, Enum, Numeric, Table, UniqueConstraint

from backend.accounts.models.customer import Customer, Role
from backend.core.domains import load_metadata
from backend.core.models import Base
from backend.shop.models.order import Order, OrderLine, OrderStatus
from backend.shop.models.outbox import OutboxEvent, OutboxStatus
from backend.shop.models.payment import Payment, PaymentStatus
from backend.shop.models.product import Product

TABLES = sorted(load_metadata().tables.values(), key=lambda table: table.name)


def test_there_is_a_migration_for_each_table() -> None:
    versions = Path("migrations/versions")
    text = "".join(path.read_text(encoding="utf-8") for path in versions.rglob("*.py"))
    missing = [t.name for t in TABLES if f'create_table(\n        "{t.name}"' not in text]
    assert missing == []


@pytest.mark.parametrize("table", TABLES, ids=str)
def test_every_time_has_a_zone(table: Table) -> None:
    times = [column.type for column in table.columns if isinstance(column.type, DateTime)]
    assert all(kind.timezone for kind in times)


@pytest.mark.parametrize("table", TABLES, ids=str)
def test_every_foreign_key_has_an_index_and_says_what_deleting_does(table: Table) -> None:
    leading = {index.columns[0].name for index in table.indexes if index.columns}
    leading |= {
        constraint.columns[0].name
        for constraint in table.constraints
        if isinstance(constraint, UniqueConstraint)
    }
    for column in table.columns:
        for key in column.foreign_keys:
            assert column.name in leading
            assert key.ondelete in {"CASCADE", "RESTRICT"}


@pytest.mark.parametrize("model", [Order, OrderLine, Payment, Product])
def test_money_is_exact(model: type[Base]) -> None:
    table = model.metadata.tables[model.__tablename__]
    for column in table.columns:
        if column.name in {"price", "unit_price", "total", "amount"}:
            assert isinstance(column.type, Numeric)
            assert (column.type.precision, column.type.scale) == (10, 2)
            checks = (c for c in table.constraints if isinstance(c, CheckConstraint))
            assert any(column.name in str(check.sqltext) for check in checks)


@pytest.mark.parametrize(
    ("model", "column", "kind"),
    [
        (Customer, "role", Role),
        (Order, "status", OrderStatus),
        (Payment, "status", PaymentStatus),
        (OutboxEvent, "status", OutboxStatus),
    ],
)
def test_a_choice_is_kept_as_its_value_in_text(
    model: type[Base], column: str, kind: type[StrEnum]
) -> None:
    choice = model.__table__.columns[column].type
    assert isinstance(choice, Enum)
    assert choice.enums == [member.value for member in kind]
    assert not choice.native_enum
    assert choice.length is not None
    assert max(map(len, choice.enums)) <= choice.length
