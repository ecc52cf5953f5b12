"""Job handling without a database or broker."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from backend.core.errors import UnavailableError
from backend.features.task_queue.models.job import Job, JobStatus
from backend.features.task_queue.queue import TaskQueue
from backend.features.task_queue.repositories.jobs import JobUnitOfWork
from backend.features.task_queue.settings import TaskQueueSettings
from backend.tests.fakes.features.task_queue.jobs import FakeJobUnitOfWork


class FakeBroker:
    """Accepts messages, except those of `refused` jobs."""

    def __init__(self) -> None:
        self.sent: list[UUID] = []
        self.refused: set[UUID] = set()

    def send(self, job_id: UUID) -> None:
        if job_id in self.refused:
            raise ConnectionError
        self.sent.append(job_id)


class Work:
    """Handles jobs: raises the errors one after another, then succeeds."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.done = 0

    async def __call__(self, uow: JobUnitOfWork, job: Job) -> None:
        await uow.jobs.add("effect", {})
        if self.errors:
            raise self.errors.pop(0)
        self.done += 1


@pytest.fixture
def uow() -> FakeJobUnitOfWork:
    return FakeJobUnitOfWork()


@pytest.fixture
def broker() -> FakeBroker:
    return FakeBroker()


@pytest.fixture
def queue(uow: FakeJobUnitOfWork, broker: FakeBroker) -> TaskQueue:
    settings = TaskQueueSettings(task_max_retries=2)
    return TaskQueue(open_unit_of_work=uow, send=broker.send, settings=settings)


async def add_job(uow: FakeJobUnitOfWork, name: str = "work") -> UUID:
    async with uow() as opened:
        job_id = await opened.jobs.add(name, {})
        await opened.commit()
    return job_id


async def test_a_due_job_is_sent_once(
    queue: TaskQueue, uow: FakeJobUnitOfWork, broker: FakeBroker
) -> None:
    jobs = [await add_job(uow), await add_job(uow)]
    assert await queue.send_due(limit=1) == 1
    assert await queue.send_due() == 1
    assert await queue.send_due() == 0
    assert broker.sent == jobs


async def test_a_job_that_was_not_sent_stays_due(
    queue: TaskQueue, uow: FakeJobUnitOfWork, broker: FakeBroker
) -> None:
    first, second, third = [await add_job(uow) for _ in range(3)]
    broker.refused = {second}
    assert await queue.send_due() == 1
    broker.refused.clear()
    assert await queue.send_due() == 2
    assert broker.sent == [first, second, third]


async def test_a_job_that_is_done_is_not_done_again(
    queue: TaskQueue, uow: FakeJobUnitOfWork
) -> None:
    work = queue.handlers["work"] = Work()
    job_id = await add_job(uow)
    for _ in range(2):
        await queue.run(job_id)
    assert work.done == 1
    assert uow.jobs.rows[job_id].status is JobStatus.DONE


async def test_a_failed_attempt_only_leaves_its_count(
    queue: TaskQueue, uow: FakeJobUnitOfWork
) -> None:
    queue.handlers["work"] = Work(UnavailableError("Not now."))
    job_id = await add_job(uow)
    with pytest.raises(UnavailableError):
        await queue.run(job_id)
    assert list(uow.jobs.rows) == [job_id]
    assert uow.jobs.rows[job_id].attempts == 1
    await queue.run(job_id)
    assert uow.jobs.rows[job_id].status is JobStatus.DONE


@pytest.mark.parametrize(
    ("error", "last"), [(UnavailableError("x"), True), (ValueError("x"), False)]
)
async def test_a_dead_letter_keeps_its_error(
    queue: TaskQueue, uow: FakeJobUnitOfWork, error: Exception, *, last: bool
) -> None:
    queue.handlers["work"] = Work(error)
    job_id = await add_job(uow)
    await queue.run(job_id, last=last)
    job = uow.jobs.rows[job_id]
    assert (job.status, job.last_error) == (JobStatus.DEAD, f"{type(error).__name__}: x")


async def test_a_job_without_a_handler_becomes_a_dead_letter(
    queue: TaskQueue, uow: FakeJobUnitOfWork
) -> None:
    job_id = await add_job(uow, "unknown")
    await queue.run(job_id)
    assert uow.jobs.rows[job_id].last_error == "KeyError: 'unknown'"


async def test_killed_attempts_count(queue: TaskQueue, uow: FakeJobUnitOfWork) -> None:
    work = queue.handlers["work"] = Work()
    job_id = await add_job(uow)
    async with uow() as opened:
        uow.jobs.rows[job_id].attempts = 6
        await opened.commit()
    await queue.run(job_id)
    assert work.done == 0
    assert uow.jobs.rows[job_id].status is JobStatus.DEAD


async def test_an_unknown_job_is_ignored(queue: TaskQueue, uow: FakeJobUnitOfWork) -> None:
    await queue.run(UUID(int=0))
    assert uow.jobs.rows == {}


async def test_only_jobs_that_were_done_long_ago_are_deleted(
    queue: TaskQueue, uow: FakeJobUnitOfWork
) -> None:
    old = datetime.now(UTC) - timedelta(days=queue.settings.task_keep_days, seconds=1)
    kept = [await add_job(uow) for _ in range(2)]
    deleted = await add_job(uow)
    async with uow() as opened:
        for job_id, status in zip([*kept, deleted], ["DEAD", "OPEN", "DONE"], strict=True):
            job = uow.jobs.rows[job_id]
            job.status, job.finished_at = JobStatus[status], old
        await opened.commit()
    assert await queue.delete_done() == 1
    assert list(uow.jobs.rows) == kept
