"""Which middleware the application has, and in which order."""

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from backend.core.middleware import (
    REQUEST_ID_HEADER,
    BodyLimit,
    DefaultHeaders,
    ErrorBoundary,
    RequestContext,
)
from backend.core.settings import Settings

SECURITY_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
HTTPS_ONLY = {"Strict-Transport-Security": "max-age=31536000; includeSubDomains"}


def install(app: FastAPI, settings: Settings) -> None:
    """Wrap the app. The last one added is the outermost, so this list reads from the inside out."""
    app.add_middleware(BodyLimit, max_bytes=settings.max_request_bytes)
    app.add_middleware(ErrorBoundary)
    if settings.cors_origins:  # closed unless origins are named; outside of the errors' boundary,
        app.add_middleware(  # so that a browser may read the body of a 500 too
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key", REQUEST_ID_HEADER],
            expose_headers=[REQUEST_ID_HEADER],
        )
    app.add_middleware(DefaultHeaders, headers=choose_headers(settings))
    app.add_middleware(RequestContext)


def choose_headers(settings: Settings) -> dict[str, str]:
    """Return the headers of every response that does not set them itself."""
    if settings.is_production:
        return SECURITY_HEADERS | HTTPS_ONLY
    # The docs page loads its scripts from elsewhere, and exists only outside production.
    return {k: v for k, v in SECURITY_HEADERS.items() if k != "Content-Security-Policy"}
