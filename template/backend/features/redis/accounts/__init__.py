"""Accounts with Redis: a limit on login attempts shared by all replicas."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from fastapi import FastAPI

from backend.accounts.adapters.security import AuthSettings
from backend.features.redis.accounts.login_limiter import RedisLoginLimiter


def install(app: FastAPI) -> None:
    """Add nothing: the routes are those of accounts."""


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Replace the limiter."""
    accounts = app.state.accounts
    limiter = RedisLoginLimiter(
        app.state.redis, app.state.settings.get(AuthSettings), accounts.login_limiter
    )
    app.state.accounts = replace(accounts, login_limiter=limiter)
    yield
