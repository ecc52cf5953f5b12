"""How Redis joins the application. What it does for a domain is in the folder of that name."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI

from backend.core import domains
from backend.features.redis.connection import RedisConnection, RedisSettings


def install(app: FastAPI) -> None:
    """Read the settings now, so that an app with wrong ones is not even built."""
    app.state.settings.get(RedisSettings)
    for part in domains.load_for_domains(__package__):
        part.install(app)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Make the connection, and exchange the parts of the domains that use it."""
    async with AsyncExitStack() as stack:
        redis = app.state.redis = RedisConnection(app.state.settings.get(RedisSettings))
        stack.push_async_callback(redis.close)
        app.state.optional_checks["redis"] = redis.ping
        for part in domains.load_for_domains(__package__):
            if isinstance(part, domains.PartWithLifespan):
                await stack.enter_async_context(part.lifespan(app))
        yield
