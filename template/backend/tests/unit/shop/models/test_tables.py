"""Conventions of the shop's tables."""

from enum import StrEnum

import pytest
from sqlalchemy import CheckConstraint, Enum, Numeric

from backend.core.models import Base
from backend.shop.models.order import Order, OrderLine, OrderStatus
from backend.shop.models.outbox import OutboxEvent, OutboxStatus
from backend.shop.models.payment import Payment, PaymentStatus
from backend.shop.models.product import Product


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
        (Order, "status", OrderStatus),
        (Payment, "status", PaymentStatus),
        (OutboxEvent, "status", OutboxStatus),
    ],
)
def test_a_choice_is_stored_as_text(model: type[Base], column: str, kind: type[StrEnum]) -> None:
    choice = model.__table__.columns[column].type
    assert isinstance(choice, Enum)
    assert choice.enums == [member.value for member in kind]
    assert not choice.native_enum
    assert choice.length is not None
    assert max(map(len, choice.enums)) <= choice.length
