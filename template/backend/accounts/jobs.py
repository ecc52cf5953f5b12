"""Background jobs that run at regular intervals, within the application's process."""

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
    """How often the jobs run."""

    jobs_interval: float = Field(default=10.0, ge=0, description="Seconds; 0 is never.")

    @property
    def seconds_between_jobs(self) -> float:
        """Seconds between two rounds; 0 is never, as under test unless it was set."""
        if self.environment == "test" and "jobs_interval" not in self.model_fields_set:
            return 0.0
        return self.jobs_interval


async def run_round(jobs: Mapping[str, Job]) -> None:
    """Run each job once. One that fails is logged and does not keep the others from running."""
    for name, job in jobs.items():
        try:
            await job()
        except Exception:
            logger.exception("job.failed", job=name)


@asynccontextmanager
async def run_periodically(
    jobs: Mapping[str, Job], interval: float, sleep: Sleep = asyncio.sleep
) -> AsyncIterator[None]:
    """Run the jobs every `interval` seconds for the length of the context; 0 is never.

    A round that is under way when the context ends is cancelled: jobs work in transactions.
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
