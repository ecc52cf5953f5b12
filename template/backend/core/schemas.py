"""What all schemas have in common."""

import math
import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
)

# PostgreSQL's text holds any character but NUL; half of a surrogate pair is no character.
_NO_TEXT = re.compile("[\x00\ud800-\udfff]")
_INTEGERS = range(-(2**63), 2**63)


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
    """What clients send. A field that is unknown, or that no database can hold, is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @field_validator("*")
    @classmethod
    def _refuse_unstorable(cls, value: Any) -> Any:
        return refuse_unstorable(value)


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
