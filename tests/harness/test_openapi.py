"""A change of an API's description that breaks its clients is named."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
from pytest_greenfield.openapi import breaking_changes

Schema = dict[str, Any]

OLD: Schema = {
    "paths": {
        "/mugs": {
            "post": {
                "parameters": [{"in": "query", "name": "dry", "schema": {"type": "boolean"}}],
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": {"$ref": "#/x/MugIn"}}},
                },
                "responses": {
                    "201": {"content": {"application/json": {"schema": {"$ref": "#/x/Mug"}}}}
                },
            }
        }
    },
    "components": {
        "schemas": {
            "MugIn": {
                "type": "object",
                "properties": {
                    "name": {"type": "string"},
                    "colour": {"type": "string", "enum": ["red", "blue"]},
                },
                "required": ["name"],
                "additionalProperties": False,
            },
            "Mug": {
                "type": "object",
                "properties": {
                    "id": {"type": "integer"},
                    "tags": {"type": "array", "items": {"type": "string"}},
                    "parent": {"$ref": "#/x/Mug"},
                },
                "required": ["id", "tags"],
            },
        }
    },
}


def changed(change: Callable[[Schema, Schema, Schema], object]) -> list[str]:
    """Compare OLD with a copy; `change` gets the copy's operation, what it takes, what it gives."""
    new = copy.deepcopy(OLD)
    schemas = new["components"]["schemas"]
    change(new["paths"]["/mugs"]["post"], schemas["MugIn"], schemas["Mug"])
    return breaking_changes(OLD, new)


def test_nothing_breaks_by_itself() -> None:
    assert breaking_changes(OLD, copy.deepcopy(OLD)) == []
    assert breaking_changes({"paths": {}}, OLD) == []


def test_an_operation_that_is_gone() -> None:
    assert breaking_changes(OLD, {"paths": {}}) == ["POST /mugs is gone"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            lambda _, takes, __: takes["required"].append("colour"),
            "application/json body.colour now is required",
        ),
        (
            lambda _, takes, __: takes["properties"].pop("colour"),
            "application/json body.colour is gone",
        ),
        (
            lambda _, takes, __: takes["properties"]["colour"]["enum"].pop(),
            "application/json body.colour no longer may be blue",
        ),
        (
            lambda _, takes, __: takes["properties"]["name"].update(type="integer"),
            "application/json body.name no longer may be string",
        ),
        (
            lambda post, _, __: post["parameters"][0].update(required=True),
            "parameter dry now is required",
        ),
        (
            lambda post, _, __: post["responses"].update({"200": post["responses"].pop("201")}),
            "answer 201 is gone",
        ),
        (lambda _, __, gives: gives["properties"].pop("id"), "answer 201.id is gone"),
        (
            lambda _, __, gives: gives["required"].remove("id"),
            "answer 201.id no longer is always there",
        ),
        (
            lambda _, __, gives: gives["properties"]["id"].update(
                anyOf=[{"type": "integer"}, {"type": "null"}]
            ),
            "answer 201.id now may be null",
        ),
        (
            lambda _, __, gives: gives["properties"]["tags"]["items"].update(type="integer"),
            "answer 201.tags[] now may be integer",
        ),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_a_change_that_breaks_clients(
    change: Callable[[Schema, Schema, Schema], object], sentence: str
) -> None:
    assert f"POST /mugs: {sentence}" in changed(change)


@pytest.mark.parametrize(
    "change",
    [
        lambda _, takes, __: takes["properties"].update(size={"type": "integer"}),
        lambda _, takes, __: takes["properties"]["colour"]["enum"].append("green"),
        lambda _, takes, __: takes.update(required=[]),
        lambda _, __, gives: gives["properties"].update(size={"type": "integer"}),
        lambda _, __, gives: gives["required"].append("parent"),
        lambda post, _, __: post["responses"].update({"202": {}}),
    ],
    ids=["field", "choice", "less required", "more in answers", "promise", "status"],
)
def test_a_change_that_only_adds(change: Callable[[Schema, Schema, Schema], object]) -> None:
    assert changed(change) == []
