"""The shop with Redis: a shared cache and event bus, and sales counted from a stream."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

from fastapi import FastAPI

from backend.accounts.jobs import Job, ScheduleSettings, run_periodically
from backend.core.api.router import include_routers
from backend.features.redis.shop import routes
from backend.features.redis.shop.cache import RedisCache
from backend.features.redis.shop.event_bus import RedisEventBus
from backend.features.redis.shop.sales import Sales


def install(app: FastAPI) -> None:
    """Add the routes."""
    include_routers(app, routes)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Replace the cache and the bus, and count sales, until the app stops."""
    async with AsyncExitStack() as stack:
        redis = app.state.redis
        sales = app.state.sales = Sales(redis)
        bus = RedisEventBus(redis, sales)
        stack.push_async_callback(bus.close)
        app.state.shop = replace(app.state.shop, cache=RedisCache(redis), bus=bus)
        jobs: dict[str, Job] = {"count sales": sales.count}
        interval = app.state.settings.get(ScheduleSettings).seconds_between_jobs
        await stack.enter_async_context(run_periodically(jobs, interval))
        yield
