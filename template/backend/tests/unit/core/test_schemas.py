"""What every schema refuses."""

from typing import Any

import pytest
from pydantic import Field, TypeAdapter, ValidationError

from backend.core.schemas import Input, Line, PageOut, Patch, Text


class NoteIn(Input):
    """A schema with a field of each kind."""

    title: str = ""
    tags: list[str] = Field(default_factory=list)
    facts: dict[str, Any] = Field(default_factory=dict)
    count: int = 0
    weight: float = 0


@pytest.mark.parametrize("value", ["a\x00", "\ud800", "\udfff\ud800"])
class TestText:
    def test_what_is_no_text_is_refused_in_every_field(self, value: str) -> None:
        for sent in ({"title": value}, {"tags": [value]}, {"facts": {value: 1}}):
            with pytest.raises(ValidationError, match="NUL or half of a surrogate pair"):
                NoteIn.model_validate(sent)

    def test_and_in_the_types_for_parameters(self, value: str) -> None:
        for kind in (Text, Line):
            with pytest.raises(ValidationError):
                TypeAdapter(kind).validate_python(value)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("count", 2**63),
        ("count", -(2**63) - 1),
        ("weight", float("inf")),
        ("weight", float("nan")),
        ("facts", {"deep": [10**30]}),
    ],
)
def test_numbers_that_nothing_can_hold_are_refused(field: str, value: object) -> None:
    with pytest.raises(ValidationError):
        NoteIn.model_validate({field: value})


def test_everything_else_is_taken_as_it_is() -> None:
    sent = {
        "title": "日本 😀\n",
        "tags": ["a"],
        "facts": {"b": [1.5, None, True]},
        "count": 2**63 - 1,
    }
    assert NoteIn.model_validate(sent).model_dump(exclude_unset=True) == sent


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(ValidationError, match="extra_forbidden"):
        NoteIn.model_validate({"titel": "a"})


def test_a_patch_tells_what_was_sent() -> None:
    class NotePatch(Patch):
        title: str = ""
        count: int | None = None

    assert NotePatch.model_validate({"count": None}).changes() == {"count": None}


def test_a_page_has_rows_and_the_way_to_the_next() -> None:
    page = PageOut[int].model_validate({"items": [1], "next_cursor": None})
    assert page.items == [1]
