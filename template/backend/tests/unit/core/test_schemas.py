"""What every schema refuses."""

from typing import Any

import pytest
from pydantic import Field, TypeAdapter, ValidationError

from backend.core.schemas import Input, Line, Patch, Text


class NoteIn(Input):
    """A schema with a field of each kind."""

    title: str = ""
    tags: list[str] = Field(default_factory=list)
    facts: dict[str, Any] = Field(default_factory=dict)
    count: int = 0
    weight: float = 0


@pytest.mark.parametrize("text", ["a\x00", "\ud800", "\udfff\ud800"])
def test_text_that_the_database_cannot_hold_is_refused(text: str) -> None:
    for sent in ({"title": text}, {"tags": [text]}, {"facts": {text: 1}}):
        with pytest.raises(ValidationError, match="NUL or half of a surrogate pair"):
            NoteIn.model_validate(sent)
    for kind in (Text, Line):
        with pytest.raises(ValidationError):
            TypeAdapter(kind).validate_python(text)


@pytest.mark.parametrize(
    "sent",
    [
        {"count": 2**63},
        {"count": -(2**63) - 1},
        {"weight": float("inf")},
        {"weight": float("nan")},
        {"facts": {"deep": [10**30]}},
        {"titel": "an unknown field"},
    ],
    ids=str,
)
def test_so_are_numbers_and_unknown_fields(sent: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        NoteIn.model_validate(sent)


def test_everything_else_is_taken_as_it_is() -> None:
    facts = {"b": [1.5, None, True]}
    sent = {"title": "日本 😀\n", "tags": ["a"], "facts": facts, "count": 2**63 - 1}
    assert NoteIn.model_validate(sent).model_dump(exclude_unset=True) == sent


def test_a_patch_tells_what_was_sent() -> None:
    class NotePatch(Patch):
        title: str = ""
        count: int | None = None

    assert NotePatch.model_validate({"count": None}).changes() == {"count": None}
