"""Add accounts to the application: routes, container and jobs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from backend.accounts.adapters.login_limiter import MemoryLoginLimiter
from backend.accounts.adapters.security import AuthSettings, PasswordHasher, TokenService
from backend.accounts.api import routes
from backend.accounts.jobs import Job, ScheduleSettings, run_periodically
from backend.accounts.repositories.unit_of_work import AccountsUnitOfWork
from backend.accounts.services.container import AccountsContainer
from backend.core.api.router import include_routers
from backend.core.database import Database
from backend.core.settings import SettingsRegistry
from backend.core.unit_of_work import make_factory


def install(app: FastAPI) -> None:
    """Include the routes. The settings are read here so that weak secrets fail at once."""
    app.state.settings.get(AuthSettings)
    include_routers(app, routes)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Create the container and run the jobs until the app stops."""
    settings: SettingsRegistry = app.state.settings
    database: Database = app.state.database
    auth_settings = settings.get(AuthSettings)
    app.state.accounts = AccountsContainer(
        open_unit_of_work=make_factory(database, AccountsUnitOfWork),
        passwords=PasswordHasher(auth_settings),
        tokens=TokenService(auth_settings),
        login_limiter=MemoryLoginLimiter(auth_settings),
    )
    jobs = app.state.accounts_jobs = make_jobs(app)  # a feature may remove some
    async with run_periodically(jobs, settings.get(ScheduleSettings).seconds_between_jobs):
        yield


def make_jobs(app: FastAPI) -> dict[str, Job]:
    """Return the background jobs by name; each run uses the current container."""
    return {"delete expired tokens": lambda: get_container(app).delete_expired_tokens()}


def get_container(app: FastAPI) -> AccountsContainer:
    """Return the container of a running app."""
    container: AccountsContainer = app.state.accounts
    return container
