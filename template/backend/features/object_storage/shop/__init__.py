"""The shop with object storage: images of products, and invoices."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from fastapi import FastAPI

from backend.core.api.router import include_routers
from backend.features.object_storage.shop import routes
from backend.features.object_storage.shop.media import S3MediaStore


def install(app: FastAPI) -> None:
    """Add the routes."""
    include_routers(app, routes)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Replace the media store until the app stops."""
    app.state.shop = replace(app.state.shop, media=S3MediaStore(app.state.object_storage))
    yield
