"""Arguments by the rules that REST has for them."""

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

from pydantic import TypeAdapter

T = TypeVar("T")


def check(kind: Callable[..., T], values: Any) -> T:
    """Return the values as REST's schema or parameters of that kind.

    Raises:
        pydantic.ValidationError: They break its rules; the client gets `validation_failed`.
    """
    checked: T = _adapter(kind).validate_python(values)
    return checked


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
