"""The application's errors and the one body that every failed request gets (RFC 9457)."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from http.client import responses
from types import MappingProxyType
from typing import Any, ClassVar

from pydantic import BaseModel

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
    """A failure that the client is told about. Services raise subclasses; the API renders them.

    A subclass sets `status` (HTTP), `code` (stable, for machines) and a default `message`.
    """

    status: ClassVar[int] = HTTPStatus.INTERNAL_SERVER_ERROR
    code: ClassVar[str] = "internal_error"
    message: str = "Something went wrong on our side."
    headers: Mapping[str, str] = MappingProxyType({})  # an instance may have its own

    def __init__(self, message: str | None = None, *, errors: Sequence[ErrorItem] = ()) -> None:
        """Keep what the client may read: a sentence, and the single things that are wrong."""
        if message is not None:
            self.message = message
        self.errors = list(errors)
        super().__init__(self.message)


class AuthenticationError(AppError):
    """The caller is not authenticated."""

    status = HTTPStatus.UNAUTHORIZED
    code = "not_authenticated"
    message = "Log in first."
    headers: Mapping[str, str] = MappingProxyType({"WWW-Authenticate": "Bearer"})


class PermissionDeniedError(AppError):
    """The caller is not authorized."""

    status = HTTPStatus.FORBIDDEN
    code = "permission_denied"
    message = "You may not do this."


class NotFoundError(AppError):
    """The thing does not exist, or must look as if it did not."""

    status = HTTPStatus.NOT_FOUND
    code = "not_found"
    message = "There is no such thing."


class ConflictError(AppError):
    """The state of things does not allow it: a duplicate, or somebody was faster."""

    status = HTTPStatus.CONFLICT
    code = "conflict"
    message = "This conflicts with what is there."


class PayloadTooLargeError(AppError):
    """More bytes than are taken."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    code = "payload_too_large"
    message = "The request's body is too large."


class UnsupportedMediaError(AppError):
    """A kind of content that is not taken."""

    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    code = "unsupported_media_type"
    message = "This kind of content is not accepted."


class ValidationFailedError(AppError):
    """Well-formed input that breaks a rule."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code = "validation_failed"
    message = "The input is not valid."


class UnavailableError(AppError):
    """Something that the answer needs does not answer; trying later may help."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "unavailable"
    message = "A service that is needed does not answer. Try again later."
    headers: Mapping[str, str] = MappingProxyType({"Retry-After": "5"})


# The framework's errors get the codes of ours, whatever the status is called.
_CODES = {
    kind.status: kind.code
    for kind in (
        AppError,
        AuthenticationError,
        PermissionDeniedError,
        NotFoundError,
        ConflictError,
        PayloadTooLargeError,
        UnsupportedMediaError,
        ValidationFailedError,
        UnavailableError,
    )
}
# Python 3.13 renamed these; an API's answers must not depend on the interpreter.
_TITLES = {413: "Content Too Large", 422: "Unprocessable Content"}


def make_problem(
    *,
    status: int,
    detail: str,
    request_id: str | None,
    code: str | None = None,
    errors: Sequence[ErrorItem] = (),
) -> Problem:
    """Build the body of an error response; without a code, the status decides."""
    title = _TITLES.get(status, responses.get(status, "Error"))
    return Problem(
        title=title,
        status=status,
        detail=detail,
        code=code or _CODES.get(status, title.lower().replace(" ", "_").replace("-", "_")),
        request_id=request_id,
        errors=list(errors),
    )


def get_request_id(scope: Mapping[str, Any]) -> str | None:
    """Return the request's id that the middleware put into its ASGI scope."""
    request_id: str | None = scope.get("state", {}).get("request_id")
    return request_id
