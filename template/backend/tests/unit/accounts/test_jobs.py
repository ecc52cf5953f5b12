"""Background jobs."""

import asyncio

import pytest

from backend.accounts.jobs import ScheduleSettings, run_periodically, run_round


class Work:
    """Counts or fails; `often` is set at the third run."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.failure = failure
        self.runs = 0
        self.often = asyncio.Event()

    async def __call__(self) -> None:
        self.runs += 1
        if self.runs == 3:
            self.often.set()
        if self.failure is not None:
            raise self.failure


async def no_time(seconds: float) -> None:
    await asyncio.sleep(0)


async def test_a_failing_job_does_not_stop_the_others() -> None:
    bad, good = Work(ConnectionError("gone")), Work()
    await run_round({"bad": bad, "good": good})
    assert (bad.runs, good.runs) == (1, 1)


async def test_jobs_run_repeatedly_until_the_end() -> None:
    job = Work(ValueError("each time"))
    async with run_periodically({"job": job}, 5, no_time):
        await job.often.wait()
    runs = job.runs
    await asyncio.sleep(0)
    assert job.runs == runs


async def test_it_waits_before_the_first_round_and_between_rounds() -> None:
    waits: list[float] = []
    enough = asyncio.Event()

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            enough.set()
            await asyncio.Event().wait()

    job = Work()
    async with run_periodically({"job": job}, 7, sleep):
        await enough.wait()
    assert waits == [7, 7, 7]
    assert job.runs == 2


async def test_without_an_interval_nothing_runs() -> None:
    job = Work()
    async with run_periodically({"job": job}, 0, no_time):
        await asyncio.sleep(0)
    assert job.runs == 0


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
def test_jobs_run_by_default_except_in_tests(settings: ScheduleSettings, seconds: float) -> None:
    assert settings.seconds_between_jobs == seconds
