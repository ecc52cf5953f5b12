"""Add Redis to the application. Folders named after domains hold their parts."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI

from backend.features.for_domains import install_for_domains, running_for_domains
from backend.features.redis.connection import RedisConnection, RedisSettings


def install(app: FastAPI) -> None:
    """Read the settings here, so that invalid ones fail at once."""
    app.state.settings.get(RedisSettings)
    install_for_domains(__package__, app)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Create the connection, and replace the domains' parts that use it."""
    async with AsyncExitStack() as stack:
        redis = app.state.redis = RedisConnection(app.state.settings.get(RedisSettings))
        stack.push_async_callback(redis.close)
        app.state.optional_checks["redis"] = redis.ping
        await stack.enter_async_context(running_for_domains(__package__, app))
        yield
