"""How the model service joins the application: its client, its health, what it does for domains."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI

from backend.core import domains
from backend.features.inference.client import HttpModelService, InferenceSettings, make_client


def install(app: FastAPI) -> None:
    """Read the settings now, so that an app with wrong ones is not even built."""
    app.state.settings.get(InferenceSettings)
    for part in domains.load_for_domains(__package__):
        part.install(app)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Make the client. The application can do without the service: it is only degraded then."""
    settings = app.state.settings.get(InferenceSettings)
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(make_client(settings))
        app.state.inference = service = HttpModelService(client, settings)
        if settings.inference_url:
            app.state.optional_checks["inference"] = service.health
        for part in domains.load_for_domains(__package__):
            if isinstance(part, domains.PartWithLifespan):
                await stack.enter_async_context(part.lifespan(app))
        yield
