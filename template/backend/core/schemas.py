"""What all schemas have in common."""

import math
import re
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, field_validator

# PostgreSQL's text holds any character but NUL; half of a surrogate pair is no character.
_NO_TEXT = re.compile("[\x00\ud800-\udfff]")
_INTEGERS = range(-(2**63), 2**63)


def refuse_unstorable(value: Any) -> Any:
    """Return the value; raise ValueError if it holds, at any depth, what the database cannot."""
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


class Input(BaseModel):
    """What clients send. A field that is unknown, or that no database can hold, is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @field_validator("*")
    @classmethod
    def _refuse_unstorable(cls, value: Any) -> Any:
        return refuse_unstorable(value)


class Patch(Input):
    """What shall change: a field that is missing stays, one that is null becomes null.

    A field that cannot be null has a default made by a factory: it is never read, and not shown in
    the API's description.
    """

    def changes(self) -> dict[str, Any]:
        """Return the fields that were sent, with what was sent."""
        return {name: getattr(self, name) for name in sorted(self.model_fields_set)}


class Output(BaseModel):
    """What clients get, read from the models' attributes."""

    model_config = ConfigDict(from_attributes=True, frozen=True)
