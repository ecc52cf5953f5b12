"""Base schemas of JSON input: values of another JSON type are rejected."""

from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any, Self

from pydantic import BaseModel, ModelWrapValidatorHandler, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from backend.core import schemas

# The JSON types that each field type accepts; the first match counts.
_KINDS: tuple[tuple[Any, Any, str], ...] = (
    (bool, bool, "must be true or false"),
    (int | float, int | float, "must be a number"),
    (Decimal, int | float | str | Decimal, "must be a number, or a number as a string"),
    (date | time | timedelta, str | date | time | timedelta, "must be a string"),
)


def find_conversion(sent: Any, value: Any) -> str | None:
    """Return a message if a value, at any depth, was converted from another JSON type, else None.

    Pydantic accepts 0 as false, "1" as 1 and 1 as a time; the OpenAPI schema does not.
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


class JsonKinds(BaseModel):
    """Rejects values of another JSON type than the field's."""

    # On the model: a discriminator field cannot have a wrap validator.
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


class Input(JsonKinds, schemas.Input):
    """What clients send as JSON.

    Unknown fields, values of another JSON type and unstorable values are errors.
    """


class Patch(JsonKinds, schemas.Patch):
    """A partial update as JSON."""
