"""What all shapes have in common."""

from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
)

T = TypeVar("T")


def _refuse_nul(text: str) -> str:
    # PostgreSQL's text holds any character but this one.
    if "\x00" in text:
        raise ValueError("must not contain NUL")
    return text


Text = Annotated[str, AfterValidator(_refuse_nul)]
"""Text that the database can hold, as it was sent."""

Line = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1), AfterValidator(_refuse_nul)
]
"""Text that says something; spaces at its ends are dropped."""


Timestamp = Annotated[
    AwareDatetime,
    # Python, the driver and PostgreSQL disagree about what lies far out.
    Field(ge=datetime(1970, 1, 1, tzinfo=UTC), lt=datetime(2200, 1, 1, tzinfo=UTC)),
]
"""A point in time, with its offset from UTC."""


class Input(BaseModel):
    """What clients send. A field that is unknown is a mistake, and told so."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Patch(Input):
    """What shall change: a field that is missing stays, one that is null becomes null.

    Fields that cannot be null have a default all the same, or they could not be missing. It is
    never read, and made by a factory, which keeps it out of the API's description.
    """

    def changes(self) -> dict[str, Any]:
        """Return the fields that were sent, with what was sent."""
        return {name: getattr(self, name) for name in sorted(self.model_fields_set)}


class Output(BaseModel):
    """What clients get, read from the models' attributes."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


class PageOut(Output, Generic[T]):
    """One page; pass `next_cursor` as `cursor` to get the following one."""

    items: list[T]
    next_cursor: str | None
