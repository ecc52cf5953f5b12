"""Labels of the shop's images: a queue in the database, a job and a route."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from backend.accounts.jobs import Job, ScheduleSettings, run_periodically
from backend.core.api.router import include_routers
from backend.core.settings import SettingsRegistry
from backend.core.unit_of_work import make_factory
from backend.features.inference.client import InferenceSettings
from backend.features.inference.shop import routes
from backend.features.inference.shop.repositories.labellings import LabellingUnitOfWork
from backend.features.inference.shop.services.labelling import LabellingService, LabellingSettings


def install(app: FastAPI) -> None:
    """Add the route."""
    app.state.settings.get(LabellingSettings)
    include_routers(app, routes)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Label images in the background, if a service is configured."""
    settings: SettingsRegistry = app.state.settings
    is_there = settings.get(InferenceSettings).inference_url
    interval = settings.get(ScheduleSettings).seconds_between_jobs if is_there else 0
    async with run_periodically(make_jobs(app), interval):
        yield


def make_jobs(app: FastAPI) -> dict[str, Job]:
    """Return the background jobs by name; each run uses the current parts."""
    return {"label images": lambda: make_service(app).run()}


def make_service(app: FastAPI) -> LabellingService:
    """Create the labelling service from the parts of a running app."""
    settings: SettingsRegistry = app.state.settings
    return LabellingService(
        make_factory(app.state.database, LabellingUnitOfWork),
        app.state.shop.media,
        app.state.inference,
        settings.get(LabellingSettings),
        app.state.shop.clock,
        batch_size=settings.get(InferenceSettings).inference_batch_size,
    )
