"""Jobs between the database and the broker."""

import dataclasses
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx2
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.errors import UnavailableError
from backend.features.task_queue import dead_letters
from backend.features.task_queue.brokers import Broker
from backend.features.task_queue.celery import make_celery, make_sender
from backend.features.task_queue.models.job import Job, JobStatus
from backend.features.task_queue.queue import TaskQueue
from backend.features.task_queue.repositories.jobs import JobUnitOfWork
from backend.features.task_queue.settings import TaskQueueSettings
from backend.tests.async_utils import run_concurrent_tasks
from backend.tests.fixtures.application import MakeClient
from backend.tests.fixtures.features.task_queue.jobs import AddJob, GetJob, until


async def write_effect(uow: JobUnitOfWork, job: Job) -> None:
    await uow.jobs.add("effect", {"of": str(job.id)})


async def fail(_: JobUnitOfWork, job: Job) -> None:
    raise UnavailableError("Not now.") if job.arguments["later"] else ValueError("never")


async def test_without_a_broker_jobs_wait(
    task_queue: TaskQueue, add_job: AddJob, get_job: GetJob, absent_broker: Broker
) -> None:
    job_id = await add_job("anything")
    celery = make_celery(task_queue.settings, absent_broker)
    away = dataclasses.replace(task_queue, send=make_sender(celery))
    assert await away.send_due() == 0
    assert (await get_job(job_id)).send_at is None
    assert await task_queue.send_due() == 1
    celery.close()


async def test_an_unfinished_job_is_sent_again(task_queue: TaskQueue, add_job: AddJob) -> None:
    job_id, sent = await add_job("anything"), list[UUID]()
    task_queue.send = sent.append  # no worker must run it
    for seconds in (1e-6, 900):
        task_queue.settings = TaskQueueSettings(task_send_again=seconds)
        assert await task_queue.send_due() == 1
    assert await task_queue.send_due() == 0
    assert sent == [job_id, job_id]


async def test_jobs_locked_by_another_sender_are_skipped(
    task_queue: TaskQueue, add_job: AddJob
) -> None:
    first, second, sent = await add_job("anything"), await add_job("anything"), list[UUID]()
    task_queue.send = sent.append
    async with task_queue.open_unit_of_work() as other:
        (locked,) = await other.jobs.lock_due(limit=1)
        assert locked.id == first
        assert await task_queue.send_due() == 1
    assert sent == [second]


async def test_two_concurrent_deliveries_have_one_effect(
    task_queue: TaskQueue, add_job: AddJob, db_session: AsyncSession
) -> None:
    task_queue.handlers["write effect"] = write_effect
    job_id = await add_job("write effect")
    run = await run_concurrent_tasks([task_queue.run(job_id) for _ in range(3)])
    assert run.all_succeeded
    async with task_queue.open_unit_of_work() as uow:
        effects = [job.name for job in await uow.jobs.lock_due(limit=10)]
    assert effects == ["effect"]


async def test_a_connection_error_is_raised_until_the_last_attempt(
    task_queue: TaskQueue, add_job: AddJob, get_job: GetJob
) -> None:
    task_queue.handlers["fail"] = fail
    job_id = await add_job("fail", later=True)
    with pytest.raises(UnavailableError):
        await task_queue.run(job_id)
    assert (await get_job(job_id)).status is JobStatus.OPEN
    await task_queue.run(job_id, last=True)
    job = await get_job(job_id)
    assert (job.status, job.attempts) == (JobStatus.DEAD, 2)
    assert job.last_error == "UnavailableError: Not now."


async def test_any_other_error_makes_a_dead_letter_at_once(
    task_queue: TaskQueue, add_job: AddJob, get_job: GetJob
) -> None:
    task_queue.handlers["fail"] = fail
    for job_id in (await add_job("fail", later=False), await add_job("nobody knows it")):
        await task_queue.run(job_id)
        job = await get_job(job_id)
        assert (job.status, job.attempts) == (JobStatus.DEAD, 1)


async def test_a_job_that_kills_its_workers_becomes_a_dead_letter(
    task_queue: TaskQueue, add_job: AddJob, get_job: GetJob, db_session: AsyncSession
) -> None:
    job_id = await add_job("anything")
    job = await db_session.get_one(Job, job_id)
    job.attempts = 2 * (task_queue.settings.task_max_retries + 1)
    await db_session.commit()
    await task_queue.run(job_id)
    job = await get_job(job_id)
    assert job.status == JobStatus.DEAD
    assert job.last_error == "RuntimeError: Its workers were killed repeatedly."


async def test_dead_letters_are_listed_and_retried(
    task_queue: TaskQueue, add_job: AddJob, get_job: GetJob
) -> None:
    first, second = await add_job("unknown"), await add_job("unknown")
    for job_id in (first, second):
        await task_queue.run(job_id)
    command = dead_letters.read_arguments
    lines = await dead_letters.main(command(["list"]))
    assert [line.split()[0] for line in lines] == [str(first), str(second)]
    assert await dead_letters.main(command(["retry", str(first)])) == ["1 of 1 retried"]
    assert await dead_letters.main(command(["retry", "--all"])) == ["1 retried"]
    job = await get_job(second)
    assert (job.status, job.attempts, job.send_at) == (JobStatus.OPEN, 0, None)


async def test_done_jobs_are_deleted_after_a_time_but_dead_ones_kept(
    task_queue: TaskQueue, db_session: AsyncSession
) -> None:
    old = datetime.now(UTC) - timedelta(days=8)
    for status in JobStatus:
        db_session.add(Job(name=status, arguments={}, status=status, finished_at=old))
    await db_session.commit()
    assert await task_queue.delete_done() == 1
    assert await task_queue.delete_done() == 0


async def test_the_application_sends_due_jobs(
    make_client: MakeClient, add_job: AddJob, get_job: GetJob
) -> None:
    job_id = await add_job("anything")

    async def is_sent() -> bool:
        return (await get_job(job_id)).send_at is not None

    async with make_client(TaskQueueSettings(task_send_interval=0.01)):
        await until(is_sent, "sending", 3)


async def test_readiness_names_the_queue(client: httpx2.AsyncClient, broker_env: object) -> None:
    answer = await client.get("/health/ready")
    assert answer.json()["components"]["task_queue"] == "ok"
