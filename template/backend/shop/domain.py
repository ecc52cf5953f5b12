"""Add the shop to the application: routes, container and jobs."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI

from backend.accounts.jobs import Job, ScheduleSettings, run_periodically
from backend.core.api.router import include_routers
from backend.core.database import Database
from backend.core.settings import SettingsRegistry
from backend.core.unit_of_work import make_factory
from backend.shop.adapters.cache import MemoryCache
from backend.shop.adapters.events import MemoryEventBus
from backend.shop.adapters.http_payment_gateway import (
    HttpPaymentGateway,
    PaymentSettings,
    make_client,
)
from backend.shop.adapters.media import DiskMediaStore, MediaSettings
from backend.shop.api import routes
from backend.shop.repositories.unit_of_work import ShopUnitOfWork
from backend.shop.services.catalogue import CatalogueSettings
from backend.shop.services.container import JobSettings, ShopContainer


def install(app: FastAPI) -> None:
    """Include the routes. The settings are read here so that weak secrets fail at once."""
    for kind in (PaymentSettings, MediaSettings, CatalogueSettings, JobSettings):
        app.state.settings.get(kind)
    include_routers(app, routes)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Create the container and run the jobs until the app stops."""
    settings: SettingsRegistry = app.state.settings
    database: Database = app.state.database
    payment_settings = settings.get(PaymentSettings)
    media_settings = settings.get(MediaSettings)
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(make_client(payment_settings))
        bus = MemoryEventBus()
        stack.push_async_callback(bus.close)
        app.state.shop = ShopContainer(
            open_unit_of_work=make_factory(database, ShopUnitOfWork),
            cache=MemoryCache(),
            bus=bus,
            payment_gateway=HttpPaymentGateway(client, payment_settings),
            media=DiskMediaStore(media_settings.media_root),
            media_settings=media_settings,
            catalogue_settings=settings.get(CatalogueSettings),
            job_settings=settings.get(JobSettings),
        )
        interval = settings.get(ScheduleSettings).seconds_between_jobs
        jobs = app.state.shop_jobs = make_jobs(app)  # a feature may remove some
        await stack.enter_async_context(run_periodically(jobs, interval))
        yield


def make_jobs(app: FastAPI) -> dict[str, Job]:
    """Return the background jobs by name; each run uses the current container."""
    return {
        "publish events": lambda: get_container(app).publish_events(),
        "clean up": lambda: get_container(app).clean_up(),
    }


def get_container(app: FastAPI) -> ShopContainer:
    """Return the container of a running app."""
    container: ShopContainer = app.state.shop
    return container
