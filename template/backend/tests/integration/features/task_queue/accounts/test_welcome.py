"""New customers get a welcome mail, and registration does not wait for it."""

import dataclasses
from uuid import UUID

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.features.task_queue.brokers import Broker
from backend.features.task_queue.celery import make_celery, make_sender
from backend.features.task_queue.models.job import Job, JobStatus
from backend.features.task_queue.queue import TaskQueue
from backend.tests.fixtures.features.task_queue.jobs import Finished
from backend.tests.fixtures.features.task_queue.mail import MailServer


async def register(client: httpx2.AsyncClient, email: str) -> None:
    account = {"email": email, "password": "a long passphrase", "full_name": "Ada Lovelace"}
    answer = await client.post("/api/v1/auth/register", json=account)
    assert answer.status_code == 202, answer.text


@pytest.mark.slow
@pytest.mark.usefixtures("accounts", "celery_worker_process")
async def test_a_customer_gets_one_welcome_mail(
    client: httpx2.AsyncClient,
    db_session: AsyncSession,
    task_queue: TaskQueue,
    mail_server: MailServer,
    finished: Finished,
) -> None:
    for _ in range(2):  # the second one has an account
        await register(client, "ada@example.com")
    job = (await db_session.scalars(select(Job))).one()
    await task_queue.send_due()
    assert (await finished(job.id)).status is JobStatus.DONE
    assert [message["To"] for message in mail_server.inbox] == ["ada@example.com"]


@pytest.mark.usefixtures("accounts")
async def test_without_a_broker_registration_works_and_the_mail_waits(
    app: FastAPI,
    client: httpx2.AsyncClient,
    db_session: AsyncSession,
    task_queue: TaskQueue,
    absent_broker: Broker,
) -> None:
    celery = make_celery(task_queue.settings, absent_broker)
    away = dataclasses.replace(task_queue, send=make_sender(celery))
    app.state.task_queue = away
    await register(client, "ada@example.com")
    assert await away.send_due() == 0
    waiting = select(func.count()).where(Job.status == JobStatus.OPEN, Job.send_at.is_(None))
    assert await db_session.scalar(waiting) == 1
    celery.close()
    sent: list[UUID] = []
    task_queue.send = sent.append
    assert await task_queue.send_due() == len(sent) == 1


async def test_the_worker_deletes_old_tokens_instead_of_the_application(
    app: FastAPI, task_queue: TaskQueue
) -> None:
    assert "delete expired tokens" in task_queue.periodic
    assert "delete expired tokens" not in app.state.accounts_jobs
    await task_queue.periodic["delete expired tokens"]()
