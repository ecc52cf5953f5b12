"""Input schemas of products."""

from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from backend.shop.schemas.catalogue import ProductIn, ProductPatch

GOOD = {"sku": "MUG-1", "name": "Mug", "price": "12.50"}


def test_the_rest_has_defaults() -> None:
    product = ProductIn.model_validate(GOOD)
    assert product.price == Decimal("12.50")
    assert (product.description, product.stock, product.active) == (None, 0, True)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("sku", ""),
        ("sku", "lower"),
        ("sku", "-MUG"),
        ("sku", "X" * 41),
        ("sku", "MUG 1"),
        ("name", ""),
        ("name", "\t"),
        ("name", "x" * 121),
        ("description", "x" * 5001),
        ("description", "\x00"),
        ("price", 0),
        ("price", "-1"),
        ("price", "1.999"),
        ("price", "100000000.00"),
        ("price", "NaN"),
        ("price", "Infinity"),
        ("price", "cheap"),
        ("stock", -1),
        ("stock", 1_000_001),
        ("stock", 1.5),
        ("stock", "1"),
        ("stock", True),
        ("price", True),
        ("active", 0),
        ("active", "true"),
        ("colour", "blue"),
    ],
)
@pytest.mark.parametrize("shape", [ProductIn, ProductPatch])
def test_what_is_wrong_is_refused(
    shape: type[ProductIn | ProductPatch], field: str, value: Any
) -> None:
    with pytest.raises(ValidationError) as refusal:
        shape.model_validate(GOOD | {field: value})
    assert {error["loc"] for error in refusal.value.errors()} == {(field,)}


@pytest.mark.parametrize(
    ("field", "value"),
    [("price", "0.01"), ("price", "99999999.99"), ("stock", 1_000_000), ("name", "x" * 120)],
)
def test_values_at_their_limits_are_accepted(field: str, value: Any) -> None:
    assert ProductIn.model_validate(GOOD | {field: value})


@pytest.mark.parametrize("field", ["sku", "name", "price", "stock", "active"])
def test_a_patch_accepts_null_only_for_the_description(field: str) -> None:
    assert ProductPatch.model_validate({"description": None}).changes() == {"description": None}
    with pytest.raises(ValidationError):
        ProductPatch.model_validate({field: None})


def test_the_api_does_not_describe_internal_defaults() -> None:
    properties = ProductPatch.model_json_schema()["properties"]
    assert [name for name, field in properties.items() if "default" in field] == ["description"]
