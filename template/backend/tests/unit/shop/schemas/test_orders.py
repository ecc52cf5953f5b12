"""Input schemas of orders and payments."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from pydantic import TypeAdapter, ValidationError

from backend.shop.schemas.orders import IdempotencyKey, OrderIn, PaymentIn
from backend.shop.schemas.timestamps import Timestamp


def line(quantity: Any = 1) -> dict[str, Any]:
    return {"product_id": str(uuid4()), "quantity": quantity}


@pytest.mark.parametrize("count", [1, 50])
def test_an_order_has_one_to_fifty_lines(count: int) -> None:
    assert len(OrderIn.model_validate({"lines": [line() for _ in range(count)]}).lines) == count


@pytest.mark.parametrize(
    "lines",
    [
        [],
        None,
        [line() for _ in range(51)],
        [line(0)],
        [line(-1)],
        [line(1001)],
        [line("many")],
        [{"product_id": "no uuid", "quantity": 1}],
        [{"quantity": 1}],
        [line() | {"unit_price": "0.01"}],
    ],
)
def test_other_lines_are_refused(lines: Any) -> None:
    with pytest.raises(ValidationError):
        OrderIn.model_validate({"lines": lines})


def test_a_product_appears_in_one_line_only() -> None:
    same = line()
    with pytest.raises(ValidationError, match="one line only"):
        OrderIn.model_validate({"lines": [same, same]})


@pytest.mark.parametrize("key", ["12345678", "order:1_a.b-c", "x" * 80])
def test_keys_of_many_kinds_are_accepted(key: str) -> None:
    assert TypeAdapter(IdempotencyKey).validate_python(key) == key


@pytest.mark.parametrize("key", ["", "1234567", "x" * 81, "with space", "newline\n12", "ümlaut-1"])
def test_keys_that_are_short_long_or_odd_are_refused(key: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(IdempotencyKey).validate_python(key)


@pytest.mark.parametrize("token", ["", "4111 1111 1111 1111", "tok/1", "x" * 201])
def test_an_invalid_card_token_is_refused(token: str) -> None:
    with pytest.raises(ValidationError):
        PaymentIn(card_token=token)


@pytest.mark.parametrize(
    "text",
    ["2026-01-01T00:00:00", "1969-12-31T23:59:59Z", "2200-01-01T00:00:00Z", "yesterday"],
)
def test_a_timestamp_needs_an_offset_and_a_plausible_year(text: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter[datetime](Timestamp).validate_python(text)


def test_a_timestamp_keeps_its_instant() -> None:
    moment = TypeAdapter[datetime](Timestamp).validate_python("2026-01-01T02:00:00+02:00")
    assert moment == datetime(2026, 1, 1, tzinfo=UTC)
