"""What happens around every request, as plain ASGI: nothing is buffered, contexts stay whole."""

import re
import time
import uuid
from collections.abc import Mapping

import structlog
from fastapi import FastAPI
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.core.errors import AppError, PayloadTooLargeError
from backend.core.settings import Settings

REQUEST_ID_HEADER = "X-Request-ID"
_SAFE_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")

SECURITY_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
# The docs page loads its scripts from elsewhere, over HTTP, and exists only outside production.
PRODUCTION_HEADERS = SECURITY_HEADERS | {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
}

log = structlog.stdlib.get_logger(__name__)


def install(app: FastAPI, settings: Settings) -> None:
    """Wrap the app. The last one added is the outermost, so this list reads from the inside out."""
    app.add_middleware(BodyLimit, max_body_size=settings.max_request_bytes)
    app.add_middleware(ErrorBoundary)
    if settings.cors_origins:  # closed unless origins are named; outside of the errors' boundary,
        app.add_middleware(  # so that a browser may read the body of a 500 too
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key", REQUEST_ID_HEADER],
            expose_headers=[REQUEST_ID_HEADER],
        )
    headers = PRODUCTION_HEADERS if settings.is_production else SECURITY_HEADERS
    app.add_middleware(RequestContext, headers=headers)


class RequestContext:
    """Gives each request an id and its response default headers; logs the request's end."""

    def __init__(self, app: ASGIApp, headers: Mapping[str, str]) -> None:
        self.app = app
        self.headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        request_id = choose_request_id(Headers(scope=scope).get(REQUEST_ID_HEADER))
        scope.setdefault("state", {})["request_id"] = request_id
        started = time.perf_counter()
        status: int | None = None

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] in {"http.response.start", "websocket.accept"}:
                status = message.get("status", 101)
                message.setdefault("headers", [])  # ASGI lets an accepted WebSocket have none
                headers = MutableHeaders(scope=message)
                headers[REQUEST_ID_HEADER] = request_id
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self.app(scope, receive, send_with_headers)
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


class ErrorBoundary:
    """Turns what nobody handled into a 500 (or closes the WebSocket); only the log says why."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        sent = ""  # the type of the last message

        async def watched_send(message: Message) -> None:
            nonlocal sent
            sent = message["type"]
            await send(message)

        try:
            await self.app(scope, receive, watched_send)
        except Exception:
            if scope["type"] == "lifespan":
                raise
            log.exception("request.failed", path=scope["path"])
            if scope["type"] == "websocket":
                if sent != "websocket.close":
                    await send({"type": "websocket.close", "code": 1011})
            elif sent:
                raise  # half a response is out: the server must break the connection
            else:
                await AppError().to_response(scope)(scope, receive, send)


class BodyLimit(RequestBodyLimitMiddleware):
    """Refuses bodies above a limit: by their declared length at once, else as they are read."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        declared = dict(scope.get("headers", ())).get(b"content-length", b"0").decode("latin-1")
        if declared.isdecimal() and int(declared) > self.max_body_size:
            await PayloadTooLargeError().to_response(scope)(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)
