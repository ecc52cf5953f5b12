"""Jobs in memory."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import inspect

from backend.features.task_queue.models.job import Job, JobStatus
from backend.features.task_queue.repositories.jobs import JobRepository, JobUnitOfWork


class FakeJobs(JobRepository):
    """Jobs by id."""

    def __init__(self) -> None:
        self.rows: dict[UUID, Job] = {}

    async def add(
        self, name: str, arguments: Mapping[str, Any], *, key: UUID | None = None
    ) -> UUID:
        job_id = key or uuid4()
        job = Job(
            id=job_id, name=name, arguments=dict(arguments), status=JobStatus.OPEN, attempts=0
        )
        job.created_at = datetime.now(UTC)
        self.rows.setdefault(job_id, job)
        return job_id

    async def lock_due(self, *, limit: int) -> Sequence[Job]:
        now = datetime.now(UTC)
        due = [job for job in self._with(JobStatus.OPEN) if (job.send_at or now) <= now]
        return due[:limit]

    async def send_later(self, jobs: Sequence[Job], wait: timedelta) -> None:
        for job in jobs:
            job.send_at = datetime.now(UTC) + wait

    async def lock(self, job_id: UUID) -> Job | None:
        return self.rows.get(job_id)

    async def list_dead(self, *, limit: int = 100) -> Sequence[Job]:
        return self._with(JobStatus.DEAD)[:limit]

    async def retry(self, job_ids: Sequence[UUID] | None = None) -> int:
        dead = [job for job in self._with(JobStatus.DEAD) if job_ids is None or job.id in job_ids]
        for job in dead:
            job.status, job.attempts = JobStatus.OPEN, 0
            job.send_at = job.finished_at = None
        return len(dead)

    async def finish(self, job: Job, status: JobStatus, error: str | None = None) -> None:
        job.status, job.last_error, job.finished_at = status, error, datetime.now(UTC)

    async def delete_done(self, *, older_than: timedelta) -> int:
        now = datetime.now(UTC)
        done = self._with(JobStatus.DONE)
        old = [job for job in done if job.finished_at and job.finished_at < now - older_than]
        for job in old:
            del self.rows[job.id]
        return len(old)

    def _with(self, status: JobStatus) -> list[Job]:
        return [job for job in self.rows.values() if job.status is status]


class FakeJobUnitOfWork(JobUnitOfWork):
    """Opens itself; exiting undoes uncommitted changes."""

    jobs: FakeJobs

    def __init__(self) -> None:
        self.jobs = FakeJobs()
        self._committed: dict[UUID, Job] = {}

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[JobUnitOfWork]:
        """Return itself."""
        try:
            yield self
        finally:
            self.jobs.rows = copy_rows(self._committed)

    async def commit(self) -> None:
        """Save the current rows."""
        self._committed = copy_rows(self.jobs.rows)


def copy_rows(rows: Mapping[UUID, Job]) -> dict[UUID, Job]:
    """Return copies of jobs by id."""
    names = [column.key for column in inspect(Job).column_attrs]
    return {
        job_id: Job(**{name: getattr(job, name) for name in names}) for job_id, job in rows.items()
    }
