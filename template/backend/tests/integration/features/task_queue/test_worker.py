"""A real worker on a real broker."""

import os
import signal
import sys
from asyncio.subprocess import PIPE, create_subprocess_exec
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.features.task_queue.mail import SEND_MAIL
from backend.features.task_queue.models.job import Job, JobStatus
from backend.features.task_queue.queue import TaskQueue
from backend.tests.fixtures.features.task_queue.jobs import AddJob, Finished, until
from backend.tests.fixtures.features.task_queue.mail import MailServer
from backend.tests.fixtures.features.task_queue.worker import StartCelery

pytestmark = [
    pytest.mark.slow,  # a worker forks, retries after a second, and may be killed
    pytest.mark.usefixtures("celery_worker_process"),
]


async def count_effects(session: AsyncSession, job_id: UUID) -> int | None:
    return await session.scalar(
        select(func.count()).where(
            Job.name == "effect", Job.arguments["of"].as_string() == str(job_id)
        )
    )


async def test_a_job_is_done(
    task_queue: TaskQueue, add_job: AddJob, finished: Finished, mail_server: MailServer
) -> None:
    job_id = await add_job(SEND_MAIL, to="ada@example.com", subject="Hello", body="Good day.")
    assert await task_queue.send_due() == 1
    job = await finished(job_id)
    assert (job.status, job.attempts) == (JobStatus.DONE, 1)
    (message,) = mail_server.inbox
    assert (message["To"], message["Subject"]) == ("ada@example.com", "Hello")
    assert str(message.get_payload()).strip() == "Good day."


async def test_a_job_delivered_twice_is_done_once(
    task_queue: TaskQueue, add_job: AddJob, finished: Finished, db_session: AsyncSession
) -> None:
    job_id, last = await add_job("write effect"), await add_job("write effect")
    for _ in range(3):
        task_queue.send(job_id)
    await task_queue.send_due()
    await finished(last)
    assert await count_effects(db_session, job_id) == 1


async def test_a_connection_error_is_retried(
    task_queue: TaskQueue, add_job: AddJob, finished: Finished, db_session: AsyncSession
) -> None:
    job_id = await add_job("fail twice")
    await task_queue.send_due()
    job = await finished(job_id)
    assert (job.status, job.attempts) == (JobStatus.DONE, 3)
    assert await count_effects(db_session, job_id) == 1


async def test_a_job_whose_process_was_killed_is_done_once(
    task_queue: TaskQueue,
    add_job: AddJob,
    finished: Finished,
    db_session: AsyncSession,
    tmp_path: Path,
) -> None:
    path = tmp_path / "pid"
    job_id = await add_job("hang once", path=str(path))
    await task_queue.send_due()

    async def is_at_work() -> bool:
        return path.exists()

    await until(is_at_work, "the first attempt")
    os.kill(int(path.read_text(encoding="utf-8")), signal.SIGKILL)
    job = await finished(job_id)
    assert (job.status, job.attempts) == (JobStatus.DONE, 2)
    assert await count_effects(db_session, job_id) == 1


async def test_a_failing_job_becomes_a_dead_letter_that_can_be_retried(
    task_queue: TaskQueue,
    add_job: AddJob,
    finished: Finished,
    db_session: AsyncSession,
    tmp_path: Path,
) -> None:
    cure = tmp_path / "cure"
    job_id = await add_job("fail until cured", cure=str(cure))
    await task_queue.send_due()
    job = await finished(job_id)
    assert (job.status, job.last_error) == (JobStatus.DEAD, "ValueError: poison")
    assert f"{job_id}  fail until cured" in await run_command("list")

    cure.touch()
    assert await run_command("retry", str(job_id)) == "1 of 1 retried\n"
    await task_queue.send_due()
    assert (await finished(job_id)).status is JobStatus.DONE
    assert await count_effects(db_session, job_id) == 1
    assert await run_command("list") == ""


async def test_beat_schedules_the_deletion_of_old_jobs(
    db_session: AsyncSession, start_celery: StartCelery
) -> None:
    now = datetime.now(UTC)
    for days in (6, 8):
        finished_at = now - timedelta(days=days)
        job = Job(name=f"{days}", arguments={}, status=JobStatus.DONE, finished_at=finished_at)
        db_session.add(job)
    await db_session.commit()

    async def is_deleted() -> bool:
        left = (await db_session.scalars(select(Job.name))).all()
        await db_session.commit()
        return left == ["6"]

    with start_celery("beat"):
        await until(is_deleted, "the clean-up")


async def run_command(*words: str) -> str:
    """Run the command for dead letters, and return what it prints."""
    module = "backend.features.task_queue.dead_letters"
    process = await create_subprocess_exec(sys.executable, "-m", module, *words, stdout=PIPE)
    output, _ = await process.communicate()
    assert process.returncode == 0
    return output.decode()
