"""A change that breaks clients of the last release is seen before they see it."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from backend.tests.openapi_snapshot import COMMAND, SNAPSHOT, breaking_changes, describe

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


@pytest.fixture(scope="module")
def now() -> Schema:
    """The description, built once: it costs more than the tests that read it."""
    return describe()


def test_nothing_breaks_the_last_release(now: Schema) -> None:
    if not SNAPSHOT.exists():
        pytest.skip(f"no release is known; at the first one write it with: {COMMAND}")
    broken = breaking_changes(json.loads(SNAPSHOT.read_text("utf-8")), now)
    assert broken == [], f"these break clients; if that is meant: {COMMAND}"


def test_the_api_does_not_break_itself(now: Schema) -> None:
    assert breaking_changes(now, json.loads(json.dumps(now))) == []


def test_an_operation_that_is_gone() -> None:
    assert breaking_changes(OLD, {"paths": {}}) == ["POST /mugs: is gone"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda _, takes, __: takes["required"].append("colour"), "body.colour is required now"),
        (lambda _, takes, __: takes["properties"].pop("colour"), "body.colour is gone"),
        (
            lambda _, takes, __: takes["properties"]["colour"]["enum"].pop(),
            "body.colour: other enum",
        ),
        (
            lambda _, takes, __: takes["properties"]["name"].update(type="integer"),
            "body.name: other type",
        ),
        (
            lambda post, _, __: post["parameters"][0].update(required=True),
            "parameter dry is required now",
        ),
        (
            lambda post, _, __: post["responses"].update({"200": post["responses"].pop("201")}),
            "does not answer 201 any more",
        ),
        (lambda _, __, gives: gives["properties"].pop("id"), "answer 201.id is gone"),
        (
            lambda _, __, gives: gives["required"].remove("id"),
            "answer 201.id is not always there any more",
        ),
        (
            lambda _, __, gives: gives["properties"]["id"].update(
                anyOf=[{"type": "integer"}, {"type": "null"}]
            ),
            "answer 201.id: other type",
        ),
        (
            lambda _, __, gives: gives["properties"]["tags"]["items"].update(type="integer"),
            "answer 201.tags[]: other type",
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
