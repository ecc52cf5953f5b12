"""Errors shown to clients."""

import pytest
from graphql import GraphQLError
from pydantic import BaseModel, Field, ValidationError
from sqlalchemy.exc import DataError, ProgrammingError

from backend.core.errors import AppError, ErrorItem, NotFoundError, ValidationFailedError
from backend.features.graphql.errors import show, to_app_error
from backend.features.graphql.limits import TooComplexError


class Mug(BaseModel):
    height: int = Field(gt=0)


def invalid() -> ValidationError:
    with pytest.raises(ValidationError) as caught:
        Mug(height=-1)
    return caught.value


@pytest.mark.parametrize(
    ("original", "kind"),
    [
        (None, ValidationFailedError),
        (GraphQLError("of a scalar"), ValidationFailedError),
        (NotFoundError(), NotFoundError),
        (RecursionError(), TooComplexError),
        (invalid(), ValidationFailedError),
        (DataError("SELECT", {}, Exception()), ValidationFailedError),
        (ProgrammingError("SELECT", {}, Exception()), AppError),
        (KeyError("secret"), AppError),
    ],
)
def test_an_exception_becomes_the_same_error_as_in_rest(
    original: Exception | None, kind: type[AppError]
) -> None:
    assert type(to_app_error(GraphQLError("text", original_error=original))) is kind


def test_the_format_has_a_code_and_no_details_of_an_unknown_exception() -> None:
    error = GraphQLError("secret", path=["mug"], original_error=KeyError("secret"))
    shown = show(error, "request-1")
    assert shown.formatted == {
        "message": AppError.message,
        "path": ["mug"],
        "extensions": {"code": "internal_error", "request_id": "request-1", "errors": []},
    }
    assert shown.original_error is None


def test_an_invalid_argument_is_listed_without_its_value() -> None:
    shown = show(GraphQLError("text", original_error=invalid()), None)
    assert shown.extensions
    assert shown.extensions["errors"] == [
        ErrorItem(
            loc=["height"], msg="Input should be greater than 0", type="greater_than"
        ).model_dump()
    ]
