"""Add the model service to the application: client, health check, parts for domains."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from backend.features.for_domains import install_for_domains, running_for_domains
from backend.features.inference.client import HttpModelService, InferenceSettings, make_client


def install(app: FastAPI) -> None:
    """Read the settings here, so that invalid ones fail at once."""
    app.state.settings.get(InferenceSettings)
    install_for_domains(__package__, app)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Create the client. Without the service, the application is only degraded."""
    settings = app.state.settings.get(InferenceSettings)
    async with make_client(settings) as client:
        app.state.inference = service = HttpModelService(client, settings)
        if settings.inference_url:
            app.state.optional_checks["inference"] = service.health
        async with running_for_domains(__package__, app):
            yield
