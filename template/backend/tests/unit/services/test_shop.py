"""The shop's jobs and their settings."""

import pytest

from backend.models.outbox import OutboxStatus
from backend.services.shop import JobSettings
from backend.tests.factories import OutboxEventFactory, RefreshTokenFactory
from backend.tests.fakes.shop import FakeShop


async def test_telling_events_works_in_a_unit_of_work_of_its_own(fake: FakeShop) -> None:
    event = OutboxEventFactory.build()
    await fake.uow.outbox.add(event)
    await fake.shop.tell_events()
    assert event.status is OutboxStatus.DELIVERED
    assert fake.uow.commits == 1


async def test_cleaning_up_works_in_a_unit_of_work_of_its_own(fake: FakeShop) -> None:
    token = RefreshTokenFactory.build(expires_at=fake.clock.now)
    await fake.uow.refresh_tokens.add(token)
    fake.clock.advance(1)
    await fake.shop.clean_up()
    assert await fake.uow.refresh_tokens.lock(token.id) is None


@pytest.mark.parametrize(
    ("settings", "seconds"),
    [
        (JobSettings(environment="test"), 0),
        (JobSettings(environment="test", jobs_interval=3), 3),
        (JobSettings(environment="development"), 10),
        (JobSettings(environment="development", jobs_interval=0), 0),
    ],
    ids=["off under test", "unless it was set", "on elsewhere", "unless switched off"],
)
def test_jobs_run_by_themselves_except_under_test(settings: JobSettings, seconds: float) -> None:
    assert settings.interval == seconds
