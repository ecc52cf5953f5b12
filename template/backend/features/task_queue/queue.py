"""Sending, running and retrying jobs."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog

from backend.core.unit_of_work import UnitOfWorkFactory
from backend.features.task_queue.celery import CONNECTION_ERRORS, Send
from backend.features.task_queue.models.job import Job, JobStatus
from backend.features.task_queue.repositories.jobs import JobUnitOfWork
from backend.features.task_queue.settings import TaskQueueSettings

logger = structlog.stdlib.get_logger(__name__)

Handler = Callable[[JobUnitOfWork, Job], Awaitable[None]]
"""Handles a job. Its changes are committed together with the job's status."""

DELETE_DONE = "delete done jobs"

Periodic = Callable[[], Awaitable[object]]


@dataclass(kw_only=True)
class TaskQueue:
    """The jobs of the application. Features of a domain add handlers and periodic jobs."""

    open_unit_of_work: UnitOfWorkFactory[JobUnitOfWork]
    send: Send
    settings: TaskQueueSettings
    handlers: dict[str, Handler] = field(default_factory=dict)
    periodic: dict[str, Periodic] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Add the queue's own cleanup job."""
        self.periodic[DELETE_DONE] = self.delete_done

    async def send_due(self, *, limit: int = 100) -> int:
        """Send due jobs, oldest first; return how many.

        While the broker is unavailable, they stay in the table, and only this call waits.
        """
        sent: list[Job] = []
        async with self.open_unit_of_work() as uow:
            for job in await uow.jobs.lock_due(limit=limit):
                try:
                    await asyncio.to_thread(self.send, job.id)
                except CONNECTION_ERRORS as error:
                    logger.warning("jobs.broker_unavailable", error=repr(error))
                    break
                sent.append(job)
            again = timedelta(seconds=self.settings.task_send_again)
            await uow.jobs.send_later(sent, again)
            await uow.commit()
        return len(sent)

    async def run(self, job_id: UUID, *, last: bool = False) -> None:
        """Run a job unless it is done; a second delivery waits for the first one.

        Args:
            job_id: The job to run.
            last: Whether a connection error makes it a dead letter.

        Raises:
            One of CONNECTION_ERRORS: The job must be retried.
        """
        if not await self._begin(job_id):
            return
        try:
            await self._do(job_id)
        except CONNECTION_ERRORS as error:
            if not last:
                logger.warning("jobs.retried", job_id=str(job_id), error=repr(error))
                raise
            await self._give_up(job_id, error)
        except Exception as error:
            await self._give_up(job_id, error)

    async def delete_done(self) -> int:
        """Delete jobs done long ago; return how many."""
        async with self.open_unit_of_work() as uow:
            age = timedelta(days=self.settings.task_keep_days)
            deleted = await uow.jobs.delete_done(older_than=age)
            await uow.commit()
        return deleted

    async def _begin(self, job_id: UUID) -> bool:
        """Commit the attempt first, so that a job that kills its workers is retried finitely."""
        async with self.open_unit_of_work() as uow:
            job = await uow.jobs.lock(job_id)
            if job is None or job.status is not JobStatus.OPEN:
                return False
            job.attempts += 1
            # Celery counts retries, but not redeliveries after a worker was killed.
            given_up = job.attempts > 2 * (self.settings.task_max_retries + 1)
            if given_up:
                await self._mark_dead(uow, job, RuntimeError("Its workers were killed repeatedly."))
            await uow.commit()
        return not given_up

    async def _do(self, job_id: UUID) -> None:
        async with self.open_unit_of_work() as uow:
            job = await uow.jobs.lock(job_id)
            if job is None or job.status is not JobStatus.OPEN:
                return
            await self.handlers[job.name](uow, job)
            await uow.jobs.finish(job, JobStatus.DONE)
            await uow.commit()
        logger.info("jobs.done", job_id=str(job_id), job=job.name)

    async def _give_up(self, job_id: UUID, error: Exception) -> None:
        async with self.open_unit_of_work() as uow:
            job = await uow.jobs.lock(job_id)
            if job is not None and job.status is JobStatus.OPEN:
                await self._mark_dead(uow, job, error)
                await uow.commit()

    async def _mark_dead(self, uow: JobUnitOfWork, job: Job, error: Exception) -> None:
        text = f"{type(error).__name__}: {error}"[:500]
        logger.error("jobs.dead", job_id=str(job.id), job=job.name, error=text)
        await uow.jobs.finish(job, JobStatus.DEAD, text)


def read_text(arguments: Mapping[str, Any], name: str) -> str:
    """Return an argument that must be a string.

    Raises:
        TypeError: It is not a string.
    """
    value = arguments.get(name)
    if not isinstance(value, str):
        raise TypeError(f"The argument {name} must be a string.")
    return value
