"""How object storage joins the application. What it does for a domain is in that folder."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI

from backend.core import domains
from backend.features.object_storage.settings import ObjectStorageSettings
from backend.features.object_storage.storage import ObjectStorage


def install(app: FastAPI) -> None:
    """Read the settings now, so that an app with wrong ones is not even built."""
    app.state.settings.get(ObjectStorageSettings)
    for part in domains.load_for_domains(__package__):
        part.install(app)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Make the client, and exchange the parts of the domains that use it."""
    async with AsyncExitStack() as stack:
        storage = app.state.object_storage = ObjectStorage(
            app.state.settings.get(ObjectStorageSettings)
        )
        app.state.optional_checks["object_storage"] = storage.ping
        for part in domains.load_for_domains(__package__):
            if isinstance(part, domains.PartWithLifespan):
                await stack.enter_async_context(part.lifespan(app))
        yield
