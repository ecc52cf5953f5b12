"""Errors in GraphQL responses.

Every error has a `message`, a `path` where a field failed, and `extensions` with the `code`,
`request_id` and `errors` of REST's problem. No other detail of an exception is exposed.
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
    """Return the error that the client may see."""
    match error.original_error:
        case None | GraphQLError():  # of the document or the variables, from graphql-core
            return ValidationFailedError(error.message)
        case AppError() as known:
            return known
        case RecursionError():  # of the parser or the validation rules
            return TooComplexError()
        case ValidationError() as invalid:
            return ValidationFailedError(errors=list_items(invalid.errors()))
        case DBAPIError() as refused:
            return explain_database_error(refused) or AppError()
        case _:
            return AppError()


def show(error: GraphQLError, request_id: str | None) -> GraphQLError:
    """Return the error in the common format, without the original exception."""
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
    """Log exceptions that are not shown to clients."""
    for error in errors:
        if type(to_app_error(error)) is AppError:
            log.error("graphql.failed", path=error.path, exc_info=error.original_error)
