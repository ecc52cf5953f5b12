"""How often background jobs run."""

import pytest

from backend.accounts.jobs import ScheduleSettings


@pytest.mark.parametrize(
    ("settings", "seconds"),
    [
        (ScheduleSettings(environment="test"), 0),
        (ScheduleSettings(environment="test", jobs_interval=3), 3),
        (ScheduleSettings(environment="development"), 10),
        (ScheduleSettings(environment="development", jobs_interval=0), 0),
    ],
    ids=["off under test", "unless it was set", "on elsewhere", "unless switched off"],
)
def test_jobs_run_by_themselves_except_under_test(
    settings: ScheduleSettings, seconds: float
) -> None:
    assert settings.seconds_between_jobs == seconds
