"""The sample shop: what it needs beyond the database, made when the app starts."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI

from backend.core.cache import MemoryCache
from backend.core.database import Database
from backend.core.events import MemoryEventBus
from backend.core.gateway import HttpPaymentGateway, PaymentSettings, make_client
from backend.core.media import DiskMediaStore, MediaSettings
from backend.core.periodic import Job, running
from backend.core.security import AuthSettings, Passwords, Tokens
from backend.core.settings import SettingsBook
from backend.repositories.unit_of_work import make_opener
from backend.services.catalogue import CatalogueSettings
from backend.services.shop import JobSettings, Shop


def install(app: FastAPI) -> None:
    """Read the shop's settings now, so that an app with weak secrets is not even built."""
    settings: SettingsBook = app.state.settings
    for kind in (AuthSettings, PaymentSettings, MediaSettings, CatalogueSettings, JobSettings):
        settings.get(kind)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Make the shop's parts and run its jobs, until the app stops."""
    settings: SettingsBook = app.state.settings
    database: Database = app.state.database
    payment_settings = settings.get(PaymentSettings)
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(make_client(payment_settings))
        bus = MemoryEventBus()
        stack.push_async_callback(bus.close)
        media_settings = settings.get(MediaSettings)
        auth_settings = settings.get(AuthSettings)
        app.state.shop = Shop(
            open_unit_of_work=make_opener(database),
            passwords=Passwords(auth_settings),
            tokens=Tokens(auth_settings),
            cache=MemoryCache(),
            bus=bus,
            gateway=HttpPaymentGateway(client, payment_settings),
            media=DiskMediaStore(media_settings.media_root),
            media_settings=media_settings,
            catalogue_settings=settings.get(CatalogueSettings),
            job_settings=settings.get(JobSettings),
        )
        interval = settings.get(JobSettings).interval
        await stack.enter_async_context(running(make_jobs(app), interval))
        yield


def make_jobs(app: FastAPI) -> dict[str, Job]:
    """Return what runs in the background, by name. Reads the shop each time: tests replace it."""
    return {
        "tell events": lambda: get_shop(app).tell_events(),
        "clean up": lambda: get_shop(app).clean_up(),
    }


def get_shop(app: FastAPI) -> Shop:
    """Return the parts of a running app."""
    shop: Shop = app.state.shop
    return shop
