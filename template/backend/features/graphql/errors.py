"""Errors as clients see them.

Every error has a `message`, a `path` where a field failed, and `extensions` with the `code`,
`request_id` and `errors` of REST's problem. Nothing else of an exception leaves the application.
"""

from collections.abc import Iterable

import structlog
from graphql import GraphQLError
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError

from backend.core.api.errors import explain_database_error, list_items
from backend.core.errors import AppError, ValidationFailedError
from backend.features.graphql.limits import TooComplexError

log = structlog.stdlib.get_logger(__name__)


def to_app_error(error: GraphQLError) -> AppError:
    """Return what may be told about an error."""
    match error.original_error:
        case None | GraphQLError():  # of the text or the variables: all that graphql itself says
            return ValidationFailedError(error.message)
        case AppError() as known:
            return known
        case RecursionError():  # of the parser, or of the rules
            return TooComplexError()
        case ValidationError() as invalid:
            return ValidationFailedError(errors=list_items(invalid.errors()))
        case DBAPIError() as refused:
            return explain_database_error(refused) or AppError()
        case _:
            return AppError()


def show(error: GraphQLError, request_id: str | None) -> GraphQLError:
    """Return the error with one shape, and without the exception behind it."""
    known = to_app_error(error)
    items = [item.model_dump() for item in known.errors]
    return GraphQLError(
        known.message,
        nodes=error.nodes,
        source=error.source,
        positions=error.positions,
        path=error.path,
        extensions={"code": known.code, "request_id": request_id, "errors": items},
    )


def log_unexpected(errors: Iterable[GraphQLError]) -> None:
    """Log the exceptions that clients are told nothing about."""
    for error in errors:
        if type(to_app_error(error)) is AppError:
            log.error("graphql.failed", path=error.path, exc_info=error.original_error)
