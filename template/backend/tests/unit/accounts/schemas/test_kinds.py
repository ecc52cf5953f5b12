"""Values of another JSON type are rejected, even if Pydantic could convert them."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pydantic import AwareDatetime, TypeAdapter, ValidationError, create_model

from backend.accounts.schemas.base import Input

NOT_BOOLEAN = [0, 1, 0.0, "true", "no", "1"]
NOT_NUMBER = ["1", "1.0", True, False]
NOT_TEXT = [0, 1_700_000_000, 1.5, True]

WRONG: dict[Any, list[Any]] = {
    bool: NOT_BOOLEAN,
    int: NOT_NUMBER,
    float: NOT_NUMBER,
    Decimal: [True, False],
    AwareDatetime: NOT_TEXT,
    datetime: NOT_TEXT,
    date: NOT_TEXT,
    timedelta: NOT_TEXT,
}
RIGHT: dict[Any, list[Any]] = {
    bool: [True, False],
    int: [0, -1, 5.0],
    float: [0, 1.5],
    Decimal: [1, 1.5, "1.50"],
    datetime: ["2026-01-01T12:00:00Z"],
    date: ["2026-01-01"],
    timedelta: ["PT1H"],
    int | str: [1, "1"],
}
WAYS = ["alone", "or null", "list", "tuple", "set", "dict", "deep"]


def place(way: str, kind: Any, value: Any) -> tuple[Any, Any]:
    """Return a field's type and input that contain the value."""
    return {
        "alone": (kind, value),
        "or null": (kind | None, value),
        "list": (list[kind], [value]),
        "tuple": (tuple[kind, ...], [value]),
        "set": (set[kind], [value]),
        "dict": (dict[str, kind], {"key": value}),
        "deep": (dict[str, list[kind]], {"key": [value]}),
    }[way]


def validate(field: Any, sent: Any) -> Any:
    """Validate the input with a schema that has such a field."""
    body = create_model("Body", __base__=Input, field=(field, ...))
    return body.model_validate({"field": sent}).model_dump()["field"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", WRONG, ids=str)
def test_another_json_type_is_refused(way: str, kind: Any) -> None:
    for value in WRONG[kind]:
        with pytest.raises(ValidationError) as refusal:
            validate(*place(way, kind, value))
        assert {error["loc"][0] for error in refusal.value.errors()} == {"field"}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", RIGHT, ids=str)
def test_the_right_type_is_accepted(way: str, kind: Any) -> None:
    for value in RIGHT[kind]:
        field, sent = place(way, kind, value)
        assert validate(field, sent) == TypeAdapter(field).validate_python(sent)


def test_null_is_accepted_for_optional_fields() -> None:
    assert validate(bool | None, None) is None


def test_every_value_of_a_set_counts() -> None:
    assert validate(set[int | str], ["2"]) == {"2"}
    with pytest.raises(ValidationError, match="must be a number"):
        validate(set[int], [1, "2"])


def test_the_location_within_an_object_is_reported() -> None:
    class Outer(Input):
        class Inner(Input):
            active: bool

        lines: list[Inner]

    with pytest.raises(ValidationError) as refusal:
        Outer.model_validate({"lines": [{"active": True}, {"active": 0}]})
    (error,) = refusal.value.errors()
    assert (error["loc"], error["msg"]) == (("lines", 1, "active"), "must be true or false")
