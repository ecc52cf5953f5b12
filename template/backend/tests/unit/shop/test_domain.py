"""The shop in the application's lifespan."""

import pytest
from fastapi import FastAPI
from pydantic import SecretStr, ValidationError

from backend.accounts.adapters.security import AuthSettings
from backend.accounts.jobs import ScheduleSettings
from backend.core.settings import AppSettings, Settings
from backend.main import create_app
from backend.shop.adapters.http_payment_gateway import PaymentSettings
from backend.shop.domain import lifespan, make_jobs
from backend.shop.models.outbox import OutboxStatus
from backend.shop.services.container import ShopContainer
from backend.tests.factories.shop import OutboxEventFactory
from backend.tests.fakes.database import FakeDatabase
from backend.tests.fakes.shop.container import FakeShop

SECRET = SecretStr("a secret that nobody would ever guess, 1234")


def make_app(*settings: AppSettings) -> FastAPI:
    app = create_app(*settings, database=FakeDatabase())
    app.state.database = FakeDatabase()
    return app


async def test_each_lifespan_creates_and_closes_its_own_parts() -> None:
    app = make_app()
    async with lifespan(app):
        first: ShopContainer = app.state.shop
    async with lifespan(app):
        second: ShopContainer = app.state.shop
        assert second.bus is not first.bus
        assert second.cache is not first.cache
    for shop in (first, second):
        async with shop.bus.subscribe() as subscription:
            with pytest.raises(Exception, match="closed"):
                await subscription.get()


async def test_jobs_run_at_an_interval() -> None:
    async with lifespan(make_app(ScheduleSettings(jobs_interval=3600))):
        pass  # starts and stops without an error


async def test_jobs_use_the_current_container() -> None:
    app, fake_shop = make_app(), FakeShop()
    app.state.shop = fake_shop.shop
    event = OutboxEventFactory.build()
    await fake_shop.uow.outbox.add(event)
    jobs = make_jobs(app)
    assert list(jobs) == ["publish events", "clean up"]
    for job in jobs.values():
        await job()
    assert event.status is OutboxStatus.DELIVERED
    assert fake_shop.uow.commits > 1


def test_an_app_with_weak_secrets_is_not_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVIRONMENT", "production")
    settings = (
        Settings(environment="production", database_url="postgresql://h/app"),
        AuthSettings(environment="production", auth_signing_key=SECRET),
    )
    with pytest.raises(ValidationError, match="PAYMENT_GATEWAY_KEY"):
        create_app(*settings, database=FakeDatabase())


def test_an_app_with_good_secrets_is_built() -> None:
    assert create_app(
        Settings(environment="production", database_url="postgresql://h/app"),
        AuthSettings(environment="production", auth_signing_key=SECRET),
        PaymentSettings(
            environment="production",
            payment_gateway_url="https://gateway.example.com",
            payment_gateway_key=SECRET,
        ),
        database=FakeDatabase(),
    )
