"""The application's errors, and the one body that every failed request gets (RFC 9457)."""

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from http.client import responses
from types import MappingProxyType
from typing import Any, ClassVar

from pydantic import BaseModel
from starlette.responses import Response

PROBLEM_MEDIA_TYPE = "application/problem+json"


class ErrorItem(BaseModel):
    """One thing that is wrong: where (`loc`), what (`msg`), and its kind for machines (`type`)."""

    loc: list[str | int]
    msg: str
    type: str


class Problem(BaseModel):
    """The body of every error response."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str
    request_id: str | None
    errors: list[ErrorItem]


class AppError(Exception):
    """A failure that the client is told about, by status, code (for machines) and a sentence."""

    status: ClassVar[int] = HTTPStatus.INTERNAL_SERVER_ERROR
    code: ClassVar[str] = "internal_error"
    message: str = "An internal error occurred."
    headers: Mapping[str, str] = MappingProxyType({})  # an instance may have its own

    def __init__(self, message: str | None = None, *, errors: Sequence[ErrorItem] = ()) -> None:
        """Keep what the client may read: a sentence, and the single things that are wrong."""
        self.message = message or self.message
        self.errors = list(errors)
        super().__init__(self.message)

    def to_response(self, scope: Mapping[str, Any]) -> Response:
        """Return the response to the request of an ASGI scope."""
        return make_problem_response(
            scope, self.status, self.message, self.code, self.errors, self.headers
        )


class AuthenticationError(AppError):
    """The caller is not authenticated."""

    status, code = HTTPStatus.UNAUTHORIZED, "not_authenticated"
    message = "Log in first."
    headers: Mapping[str, str] = MappingProxyType({"WWW-Authenticate": "Bearer"})


class PermissionDeniedError(AppError):
    """The caller is not authorized."""

    status, code = HTTPStatus.FORBIDDEN, "permission_denied"
    message = "You do not have permission to do this."


class NotFoundError(AppError):
    """The resource does not exist, or the caller must not learn that it does."""

    status, code = HTTPStatus.NOT_FOUND, "not_found"
    message = "The resource does not exist."


class ConflictError(AppError):
    """The request conflicts with the current state: a duplicate, or a lost race."""

    status, code = HTTPStatus.CONFLICT, "conflict"
    message = "This conflicts with the current state."


class PayloadTooLargeError(AppError):
    """The body is larger than allowed."""

    status, code = HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "payload_too_large"
    message = "The request body is too large."


class ValidationFailedError(AppError):
    """The input breaks a rule."""

    status, code = HTTPStatus.UNPROCESSABLE_ENTITY, "validation_failed"
    message = "The input is not valid."


class UnavailableError(AppError):
    """A required service is unavailable; the client may try again."""

    status, code = HTTPStatus.SERVICE_UNAVAILABLE, "unavailable"
    message = "A required service is unavailable. Try again later."
    headers: Mapping[str, str] = MappingProxyType({"Retry-After": "5"})


# The framework's errors get the codes of ours, whatever Python calls the status.
_KINDS: list[type[AppError]] = [AppError, *AppError.__subclasses__()]
_CODES = {kind.status: kind.code for kind in _KINDS}
# Python 3.13 renamed these; an API's answers must not depend on the interpreter.
_TITLES = {413: "Content Too Large", 422: "Unprocessable Content"}


def make_problem_response(
    scope: Mapping[str, Any],
    status: int,
    detail: str,
    code: str | None = None,
    errors: Sequence[ErrorItem] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return an error's response to the request of an ASGI scope; the status may name the code."""
    title = _TITLES.get(status, responses.get(status, "Error"))
    problem = Problem(
        title=title,
        status=status,
        detail=detail,
        code=code or _CODES.get(status, re.sub(r"\W", "_", title.lower())),
        request_id=scope.get("state", {}).get("request_id"),
        errors=list(errors),
    )
    return Response(problem.model_dump_json(), status, headers, PROBLEM_MEDIA_TYPE)
