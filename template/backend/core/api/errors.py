"""Every error, whoever raised it, becomes one shape of response."""

from collections.abc import Iterable, Mapping
from http import HTTPMethod, HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DataError, DBAPIError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match

from backend.core.errors import AppError, ErrorItem, ValidationFailedError, make_problem_response

_UNREADABLE = "There was an error parsing the body"
"""What FastAPI says of JSON that Python cannot read, such as a number of five thousand digits."""


def install(app: FastAPI) -> None:
    """Render the errors of the application, of the framework and of the validation alike.

    What none of these handlers knows is turned into a 500 by `middleware.ErrorBoundary`.
    """
    app.exception_handler(AppError)(_on_app_error)
    app.exception_handler(HTTPException)(_on_http_exception)
    app.exception_handler(RequestValidationError)(_on_invalid_request)
    app.exception_handler(DBAPIError)(_on_database_error)


async def _on_app_error(request: Request, error: AppError) -> Response:
    return error.to_response(request.scope)


async def _on_http_exception(request: Request, error: HTTPException) -> Response:
    if error.detail == _UNREADABLE:
        return ValidationFailedError("The request body is malformed.").to_response(request.scope)
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(_find_methods(request))  # the framework names one route's
    return make_problem_response(
        request.scope, error.status_code, str(error.detail), headers=headers
    )


def _find_methods(request: Request) -> list[str]:
    """Return the methods that some route takes at the request's path."""
    asked = {key: request.scope[key] for key in ("type", "path", "root_path")}

    def is_taken(method: str) -> bool:
        scope = asked | {"method": method}
        return any(route.matches(scope)[0] is Match.FULL for route in request.app.routes)

    return list(filter(is_taken, HTTPMethod))


async def _on_invalid_request(request: Request, error: RequestValidationError) -> Response:
    return ValidationFailedError(errors=list_items(error.errors())).to_response(request.scope)


def list_items(errors: Iterable[Mapping[str, Any]]) -> list[ErrorItem]:
    """Return Pydantic's errors as a client may read them."""
    # Neither `input` nor `ctx`: the answer must not repeat a password that was sent.
    return [
        ErrorItem(loc=[_printable(part) for part in one["loc"]], msg=one["msg"], type=one["type"])
        for one in errors
    ]


async def _on_database_error(request: Request, error: DBAPIError) -> Response:
    known = explain_database_error(error)
    if known is None:
        raise error
    return known.to_response(request.scope)


def explain_database_error(error: DBAPIError) -> AppError | None:
    """Return the error of a value that the database, or its driver, could not take; else None."""
    code = getattr(error.orig, "sqlstate", None) or ""
    if isinstance(error, DataError) or code.startswith("22"):
        return ValidationFailedError("A value cannot be stored.")
    return None


def _printable(part: str | int) -> str | int:
    """Return a part of an error's location, which may be a key that the client made up."""
    return part.encode(errors="replace").decode() if isinstance(part, str) else part
