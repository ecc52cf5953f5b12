"""Validation of arguments by REST's rules."""

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

from pydantic import TypeAdapter

T = TypeVar("T")


def check(kind: Callable[..., T], values: Any) -> T:
    """Validate the values with a schema or parameter model of REST.

    Raises:
        pydantic.ValidationError: They are invalid; the client gets `validation_failed`.
    """
    checked: T = _adapter(kind).validate_python(values)
    return checked


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
