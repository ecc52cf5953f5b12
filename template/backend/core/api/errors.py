"""Every error, whoever raised it, becomes one shape of response."""

from collections.abc import Mapping

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from backend.core.errors import (
    PROBLEM_MEDIA_TYPE,
    AppError,
    ErrorItem,
    Problem,
    ValidationFailedError,
    get_request_id,
    make_problem,
)


def install(app: FastAPI) -> None:
    """Render the application's, the framework's and the validation's errors alike.

    What none of these handlers knows is turned into a 500 by `core.middleware.ErrorBoundary`.
    """
    app.exception_handler(AppError)(_on_app_error)
    app.exception_handler(HTTPException)(_on_http_exception)
    app.exception_handler(RequestValidationError)(_on_invalid_request)


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
    problem = make_problem(
        status=error.status_code,
        detail=str(error.detail),
        request_id=get_request_id(request.scope),
    )
    return _respond(problem, error.headers)


async def _on_invalid_request(request: Request, error: RequestValidationError) -> Response:
    problem = make_problem(
        status=ValidationFailedError.status,
        code=ValidationFailedError.code,
        detail=ValidationFailedError.message,
        request_id=get_request_id(request.scope),
        # Neither `input` nor `ctx`: the answer must not repeat a password that was sent.
        errors=[
            ErrorItem(loc=list(item["loc"]), msg=item["msg"], type=item["type"])
            for item in error.errors()
        ],
    )
    return _respond(problem)
