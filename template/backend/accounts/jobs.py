"""Periodic background jobs that run in the application's process."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress

import structlog
from pydantic import Field

from backend.core.settings import AppSettings

logger = structlog.stdlib.get_logger(__name__)

Job = Callable[[], Awaitable[object]]
Sleep = Callable[[float], Awaitable[None]]


class ScheduleSettings(AppSettings):
    """Settings of the periodic jobs."""

    jobs_interval: float = Field(default=10.0, ge=0, description="Seconds; 0: never.")

    @property
    def seconds_between_jobs(self) -> float:
        """The interval in seconds; 0: never, which is the default in tests."""
        if self.environment == "test" and "jobs_interval" not in self.model_fields_set:
            return 0.0
        return self.jobs_interval


async def run_round(jobs: Mapping[str, Job]) -> None:
    """Run each job once. A failure is logged and does not stop the others."""
    for name, job in jobs.items():
        try:
            await job()
        except Exception:
            logger.exception("job.failed", job=name)


@asynccontextmanager
async def run_periodically(
    jobs: Mapping[str, Job], interval: float, sleep: Sleep = asyncio.sleep
) -> AsyncIterator[None]:
    """Run the jobs every `interval` seconds while the context is open; 0: never.

    A round still running when the context ends is cancelled, which is safe: jobs use transactions.
    """

    async def run() -> None:
        while True:
            await sleep(interval)
            await run_round(jobs)

    if interval <= 0:
        yield
        return
    task = asyncio.create_task(run(), name="periodic jobs")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
