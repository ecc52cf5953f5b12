"""What all shapes have in common."""

import math
import re
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Any, Generic, Self, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

T = TypeVar("T")


# PostgreSQL's text holds any character but NUL; half of a surrogate pair is no character.
_NO_TEXT = re.compile("[\x00\ud800-\udfff]")
_INTEGERS = range(-(2**63), 2**63)
# What values are made from; the first line that fits counts.
_KINDS: tuple[tuple[Any, Any, str], ...] = (
    (bool, bool, "must be true or false"),
    (int | float, int | float, "must be a number"),
    (Decimal, int | float | str | Decimal, "must be a number, or one as text"),
    (date | time | timedelta, str | date | time | timedelta, "must be text"),
)


def refuse_unstorable(value: Any) -> Any:
    """Return the value, unless it holds something that the database cannot, at any depth.

    Raises:
        ValueError: It is such a text or number.
    """
    match value:
        case str() if _NO_TEXT.search(value):
            raise ValueError("must not contain NUL or half of a surrogate pair")
        case int() if value not in _INTEGERS:
            raise ValueError("must fit into 64 bits")
        case float() if not math.isfinite(value):
            raise ValueError("must be finite")
        case dict():
            for item in (*value.keys(), *value.values()):
                refuse_unstorable(item)
        case list() | tuple() | set():
            for item in value:
                refuse_unstorable(item)
    return value


def find_conversion(sent: Any, value: Any) -> str | None:
    """Say what is wrong where a value was sent as JSON of another kind, at any depth, or None.

    Pydantic takes 0 for false, "1" for 1 and 1 for a time; the API's description does not.
    """
    match value:
        case list() | tuple():
            return next(filter(None, map(find_conversion, sent, value)), None)
        case dict():
            return next(filter(None, map(find_conversion, sent.values(), value.values())), None)
        case set() | frozenset():
            found = [[find_conversion(one, made) for made in value] for one in sent]
            return next((problems[0] for problems in found if all(problems)), None)
    for kinds, taken, problem in _KINDS:
        if isinstance(value, kinds):
            is_taken = isinstance(sent, taken) and isinstance(sent, bool) is isinstance(value, bool)
            return None if is_taken else problem
    return None


Text = Annotated[str, AfterValidator(refuse_unstorable)]
"""Text that the database can hold, as it was sent."""

Line = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1), AfterValidator(refuse_unstorable)
]
"""Text that says something; spaces at its ends are dropped."""


Timestamp = Annotated[
    AwareDatetime,
    # Python, the driver and PostgreSQL disagree about what lies far out.
    Field(ge=datetime(1970, 1, 1, tzinfo=UTC), lt=datetime(2200, 1, 1, tzinfo=UTC)),
]
"""A point in time, with its offset from UTC."""


class Input(BaseModel):
    """What clients send as JSON.

    Unknown fields, values of another kind and what no database can hold are errors.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    @field_validator("*")
    @classmethod
    def _refuse_unstorable(cls, value: Any) -> Any:
        return refuse_unstorable(value)

    # Of the whole: a field by which unions are told apart cannot have a validator of this kind.
    @model_validator(mode="wrap")
    @classmethod
    def _refuse_converted(cls, sent: Any, make: ModelWrapValidatorHandler[Self]) -> Self:
        made = make(sent)
        values = sent if isinstance(sent, dict) else {}
        errors = [
            InitErrorDetails(
                type=PydanticCustomError("json_kind", problem), loc=(name,), input=values[name]
            )
            for name in sorted(values.keys() & made.model_fields_set)
            if (problem := find_conversion(values[name], getattr(made, name)))
        ]
        if errors:
            raise ValidationError.from_exception_data(cls.__name__, errors)
        return made


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
