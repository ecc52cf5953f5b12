"""How Redis joins the application. What it does for a domain is in the folder of that name."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI

from backend.features.for_domains import install_for_domains, running_for_domains
from backend.features.redis.connection import RedisConnection, RedisSettings


def install(app: FastAPI) -> None:
    """Read the settings now, so that an app with wrong ones is not even built."""
    app.state.settings.get(RedisSettings)
    install_for_domains(__package__, app)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Make the connection, and exchange the parts of the domains that use it."""
    async with AsyncExitStack() as stack:
        redis = app.state.redis = RedisConnection(app.state.settings.get(RedisSettings))
        stack.push_async_callback(redis.close)
        app.state.optional_checks["redis"] = redis.ping
        await stack.enter_async_context(running_for_domains(__package__, app))
        yield
