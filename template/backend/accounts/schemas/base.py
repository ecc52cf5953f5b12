"""What clients send as JSON: a value of another kind is an error."""

from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any, Self

from pydantic import BaseModel, ModelWrapValidatorHandler, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from backend.core import schemas

# What values are made from; the first line that fits counts.
_KINDS: tuple[tuple[Any, Any, str], ...] = (
    (bool, bool, "must be true or false"),
    (int | float, int | float, "must be a number"),
    (Decimal, int | float | str | Decimal, "must be a number, or one as text"),
    (date | time | timedelta, str | date | time | timedelta, "must be text"),
)


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


class JsonKinds(BaseModel):
    """Refuses values of another kind than the field's."""

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


class Input(JsonKinds, schemas.Input):
    """What clients send as JSON.

    Unknown fields, values of another kind and what no database can hold are errors.
    """


class Patch(JsonKinds, schemas.Patch):
    """What shall change, as JSON."""
