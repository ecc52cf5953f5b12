"""Add the task queue to the application: it sends due jobs and registers handlers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import cast

import structlog
from celery import Celery
from fastapi import FastAPI

from backend.core.unit_of_work import make_factory
from backend.features.for_domains import install_for_domains, running_for_domains
from backend.features.task_queue.brokers import Broker, BrokerSettings
from backend.features.task_queue.celery import make_celery, make_sender
from backend.features.task_queue.mail import SEND_MAIL, make_handler, make_mailer
from backend.features.task_queue.queue import TaskQueue
from backend.features.task_queue.repositories.jobs import JobUnitOfWork
from backend.features.task_queue.settings import MailSettings, TaskQueueSettings

logger = structlog.stdlib.get_logger(__name__)


def install(app: FastAPI) -> None:
    """Read the settings here, so that invalid ones fail at once."""
    for kind in (TaskQueueSettings, MailSettings, BrokerSettings):
        app.state.settings.get(kind)
    install_for_domains(__package__, app)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Create the queue and send due jobs until the app stops."""
    get = app.state.settings.get
    settings: TaskQueueSettings = get(TaskQueueSettings)
    mail: MailSettings = get(MailSettings)
    celery = make_celery(settings, cast("Broker", get(BrokerSettings)))
    async with AsyncExitStack() as stack:
        stack.callback(celery.close)
        queue = app.state.task_queue = TaskQueue(
            open_unit_of_work=make_factory(app.state.database, JobUnitOfWork),
            send=make_sender(celery),
            settings=settings,
        )
        queue.handlers[SEND_MAIL] = make_handler(make_mailer(mail), mail.mail_from)
        app.state.optional_checks["task_queue"] = lambda: asyncio.to_thread(_ping, celery)
        await stack.enter_async_context(running_for_domains(__package__, app))
        await stack.enter_async_context(_sending(queue))
        yield


def _ping(celery: Celery) -> None:
    """Ping the broker; raise if it does not answer."""
    with celery.connection_for_write() as connection:
        # At once: the health check has a limit, and asks again.
        connection.ensure_connection(max_retries=1, interval_start=0, interval_step=0, timeout=1)


@asynccontextmanager
async def _sending(queue: TaskQueue) -> AsyncIterator[None]:
    """Send due jobs periodically while the context is open."""
    interval = queue.settings.seconds_between_sending

    async def run() -> None:
        while True:
            await asyncio.sleep(interval)
            try:
                await queue.send_due()
            except Exception:
                logger.exception("jobs.sending_failed")

    if interval <= 0:
        yield
        return
    task = asyncio.create_task(run(), name="sending jobs")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
