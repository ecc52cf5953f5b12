"""Queries for jobs."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.unit_of_work import UnitOfWork
from backend.features.task_queue.models.job import Job, JobStatus


class JobRepository:
    """Jobs: open, done or dead. Times come from the database's clock."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(
        self, name: str, arguments: Mapping[str, Any], *, key: UUID | None = None
    ) -> UUID:
        """Insert a job in the current transaction, unless its key already exists."""
        job_id = key or uuid4()
        statement = insert(Job).values(id=job_id, name=name, arguments=dict(arguments))
        await self._session.execute(statement.on_conflict_do_nothing(index_elements=[Job.id]))
        return job_id

    async def lock_due(self, *, limit: int) -> Sequence[Job]:
        """Return and lock due open jobs, skipping those that are already locked."""
        statement = (
            select(Job)
            .where(
                Job.status == JobStatus.OPEN,
                or_(Job.send_at.is_(None), Job.send_at <= func.clock_timestamp()),
            )
            .order_by(Job.created_at, Job.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return (await self._session.scalars(statement)).all()

    async def send_later(self, jobs: Sequence[Job], wait: timedelta) -> None:
        """Schedule jobs to be sent again, unless they are done."""
        statement = (
            update(Job)
            .where(Job.id.in_([job.id for job in jobs]))
            .values(send_at=func.clock_timestamp() + wait)
            .execution_options(synchronize_session=False)
        )
        await self._session.execute(statement)

    async def lock(self, job_id: UUID) -> Job | None:
        """Return one job and lock it until the transaction ends."""
        statement = (
            select(Job)
            .where(Job.id == job_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        return await self._session.scalar(statement)

    async def list_dead(self, *, limit: int = 100) -> Sequence[Job]:
        """Return dead letters, oldest first."""
        statement = (
            select(Job)
            .where(Job.status == JobStatus.DEAD)
            .order_by(Job.created_at, Job.id)
            .limit(limit)
        )
        return (await self._session.scalars(statement)).all()

    async def retry(self, job_ids: Sequence[UUID] | None = None) -> int:
        """Reopen dead letters, all of them without ids; return how many."""
        statement = (
            update(Job)
            .where(Job.status == JobStatus.DEAD)
            .values(status=JobStatus.OPEN, attempts=0, send_at=None, finished_at=None)
            .returning(Job.id)
            .execution_options(synchronize_session=False)
        )
        if job_ids is not None:
            statement = statement.where(Job.id.in_(job_ids))
        return len((await self._session.scalars(statement)).all())

    async def finish(self, job: Job, status: JobStatus, error: str | None = None) -> None:
        """Mark a job as done or dead."""
        statement = (
            update(Job)
            .where(Job.id == job.id)
            .values(status=status, last_error=error, finished_at=func.clock_timestamp())
            .execution_options(synchronize_session=False)
        )
        await self._session.execute(statement)

    async def delete_done(self, *, older_than: timedelta) -> int:
        """Delete jobs done long ago, but no dead letters; return how many."""
        statement = (
            delete(Job)
            .where(
                Job.status == JobStatus.DONE,
                Job.finished_at < func.clock_timestamp() - older_than,
            )
            .returning(Job.id)
            .execution_options(synchronize_session=False)
        )
        return len((await self._session.scalars(statement)).all())


class JobUnitOfWork(UnitOfWork):
    """The jobs on one session."""

    def __init__(self, session: AsyncSession) -> None:
        super().__init__(session)
        self.jobs = self.use(JobRepository)
