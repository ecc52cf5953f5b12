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

from backend.core.errors import (
    PROBLEM_MEDIA_TYPE,
    AppError,
    ErrorItem,
    Problem,
    ValidationFailedError,
    get_request_id,
    make_problem,
)

_UNREADABLE = "There was an error parsing the body"
"""What FastAPI says of JSON that Python cannot read, such as a number of five thousand digits."""


def install(app: FastAPI) -> None:
    """Render the application's, the framework's and the validation's errors alike.

    What none of these handlers knows is turned into a 500 by `core.middleware.ErrorBoundary`.
    """
    app.exception_handler(AppError)(_on_app_error)
    app.exception_handler(HTTPException)(_on_http_exception)
    app.exception_handler(RequestValidationError)(_on_invalid_request)
    app.exception_handler(DBAPIError)(_on_database_error)


def _respond(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    return Response(
        problem.model_dump_json(), problem.status, headers, media_type=PROBLEM_MEDIA_TYPE
    )


async def _on_app_error(request: Request, error: AppError) -> Response:
    problem = make_problem(
        status=error.status,
        code=error.code,
        detail=error.message,
        request_id=get_request_id(request.scope),
        errors=error.errors,
    )
    return _respond(problem, error.headers)


async def _on_http_exception(request: Request, error: HTTPException) -> Response:
    if error.status_code == HTTPStatus.BAD_REQUEST and error.detail == _UNREADABLE:
        return await _on_app_error(request, ValidationFailedError("The body cannot be read."))
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(_find_methods(request))  # the framework names one route's
    problem = make_problem(
        status=error.status_code,
        detail=str(error.detail),
        request_id=get_request_id(request.scope),
    )
    return _respond(problem, headers)


def _find_methods(request: Request) -> list[str]:
    """Return the methods that some route takes at the request's path."""
    asked = {key: request.scope[key] for key in ("type", "path", "root_path")}
    return [
        method
        for method in HTTPMethod
        if any(
            route.matches(asked | {"method": method})[0] is Match.FULL
            for route in request.app.routes
        )
    ]


async def _on_invalid_request(request: Request, error: RequestValidationError) -> Response:
    problem = make_problem(
        status=ValidationFailedError.status,
        code=ValidationFailedError.code,
        detail=ValidationFailedError.message,
        request_id=get_request_id(request.scope),
        errors=list_items(error.errors()),
    )
    return _respond(problem)


def list_items(errors: Iterable[Mapping[str, Any]]) -> list[ErrorItem]:
    """Return Pydantic's errors as a client may read them."""
    # Neither `input` nor `ctx`: the answer must not repeat a password that was sent.
    return [
        ErrorItem(
            loc=[_printable(part) for part in item["loc"]], msg=item["msg"], type=item["type"]
        )
        for item in errors
    ]


async def _on_database_error(request: Request, error: DBAPIError) -> Response:
    known = explain_database_error(error)
    if known is None:
        raise error
    return await _on_app_error(request, known)


def explain_database_error(error: DBAPIError) -> AppError | None:
    """Return the error of a value that the database, or its driver, could not take; else None."""
    code = getattr(error.orig, "sqlstate", None) or ""
    if isinstance(error, DataError) or code.startswith("22"):
        return ValidationFailedError("A value cannot be stored.")
    return None


def _printable(part: str | int) -> str | int:
    """Return a part of an error's place, which may be a key that the client made up."""
    return part.encode(errors="replace").decode() if isinstance(part, str) else part
