"""What happens around every request, as plain ASGI: nothing is buffered, contexts stay whole."""

import re
import time
import uuid
from collections.abc import Mapping

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.core.errors import (
    PROBLEM_MEDIA_TYPE,
    AppError,
    PayloadTooLargeError,
    get_request_id,
    make_problem,
)

REQUEST_ID_HEADER = "X-Request-ID"
_SAFE_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")

log = structlog.stdlib.get_logger(__name__)


class RequestContext:
    """Gives each request an id, binds it to every log line, and logs the request's end."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or WebSocket with an id of its own."""
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        request_id = choose_request_id(Headers(scope=scope).get(REQUEST_ID_HEADER))
        scope.setdefault("state", {})["request_id"] = request_id
        started = time.perf_counter()
        status: int | None = None

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] in {"http.response.start", "websocket.accept"}:
                status = message.get("status", 101)
                message.setdefault("headers", [])  # ASGI lets an accepted WebSocket have none
                MutableHeaders(scope=message)[REQUEST_ID_HEADER] = request_id
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self.app(scope, receive, send_with_id)
            finally:
                log.info(
                    "request.finished",
                    method=scope.get("method", "WEBSOCKET"),
                    path=scope["path"],
                    status=status,
                    duration_ms=round((time.perf_counter() - started) * 1000, 2),
                )


def choose_request_id(given: str | None) -> str:
    """Keep a client's id when it can harm no log, header or shell; else make one."""
    if given is not None and _SAFE_REQUEST_ID.fullmatch(given):
        return given
    return uuid.uuid4().hex


class DefaultHeaders:
    """Adds headers to every response that does not set them itself."""

    def __init__(self, app: ASGIApp, headers: Mapping[str, str]) -> None:
        self.app = app
        self.headers = dict(headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; the headers are added when its response starts."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, send_with_headers)


class ErrorBoundary:
    """Turns what nobody handled into a 500 (or closes the WebSocket); only the log says why."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or WebSocket; nothing but a broken response is raised further."""
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        begun = ended = False

        async def watched_send(message: Message) -> None:
            nonlocal begun, ended
            begun = begun or message["type"] == "http.response.start"
            ended = ended or message["type"] == "websocket.close"
            await send(message)

        try:
            await self.app(scope, receive, watched_send)
        except Exception:
            log.exception("request.failed", path=scope["path"])
            if begun:
                raise  # half a response is out: the server must break the connection
            if scope["type"] == "http":
                await send_problem(scope, send, AppError())
            elif not ended:
                await send({"type": "websocket.close", "code": 1011})


class BodyLimit:
    """Refuses bodies above a limit: by their declared length at once, else as they are read."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self.app = app
        self.max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request with a body of at most `max_bytes`."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "0")
        if declared.isdecimal() and int(declared) > self.max_bytes:
            await send_problem(scope, send, self._refusal())
            return
        received = 0

        async def counted_receive() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self.max_bytes:
                refusal = self._refusal()
                # The one exception that FastAPI lets through while it reads a body.
                raise HTTPException(refusal.status, refusal.message)
            return message

        await self.app(scope, counted_receive, send)

    def _refusal(self) -> PayloadTooLargeError:
        return PayloadTooLargeError(f"The request's body is above {self.max_bytes} bytes.")


async def send_problem(scope: Scope, send: Send, error: AppError) -> None:
    """Answer a request with an error, from outside of the framework."""
    problem = make_problem(
        status=error.status,
        code=error.code,
        detail=error.message,
        request_id=get_request_id(scope),
    )
    body = problem.model_dump_json().encode()
    headers = [
        (b"content-type", PROBLEM_MEDIA_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
