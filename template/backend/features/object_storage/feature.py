"""Add object storage to the application. Folders named after domains hold their parts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from backend.features.for_domains import install_for_domains, running_for_domains
from backend.features.object_storage.settings import ObjectStorageSettings
from backend.features.object_storage.storage import ObjectStorage


def install(app: FastAPI) -> None:
    """Read the settings here, so that invalid ones fail at once."""
    app.state.settings.get(ObjectStorageSettings)
    install_for_domains(__package__, app)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Create the client, and replace the domains' parts that use it."""
    storage = app.state.object_storage = ObjectStorage(
        app.state.settings.get(ObjectStorageSettings)
    )
    app.state.optional_checks["object_storage"] = storage.ping
    async with running_for_domains(__package__, app):
        yield
