"""Values that every schema rejects."""

from typing import Any

import pytest
from pydantic import Field, TypeAdapter, ValidationError

from backend.core.schemas import Line, Patch


class NotePatch(Patch):
    """A schema with a field of each kind."""

    title: str = ""
    tags: list[str] = Field(default_factory=list)
    facts: dict[str, Any] = Field(default_factory=dict)
    count: int | None = 0
    weight: float = 0


@pytest.mark.parametrize(
    "sent",
    [
        {"title": "a\x00"},
        {"tags": ["\ud800"]},
        {"facts": {"\udfff\ud800": 1}},
        {"count": 2**63},
        {"weight": float("nan")},
        {"facts": {"deep": [10**30]}},
        {"titel": "an unknown field"},
    ],
    ids=repr,
)
def test_what_the_database_cannot_hold_is_refused(sent: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        NotePatch.model_validate(sent)


@pytest.mark.parametrize("text", ["", "  ", "a\x00"])
def test_a_line_says_something(text: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Line).validate_python(text)


def test_other_values_pass_and_a_patch_keeps_what_was_sent() -> None:
    facts = {"b": [1.5, None, True]}
    sent = {"title": "日本 😀\n", "tags": ["a"], "facts": facts, "count": 2**63 - 1}
    assert NotePatch.model_validate(sent).changes() == sent
    assert NotePatch.model_validate({"count": None}).changes() == {"count": None}
