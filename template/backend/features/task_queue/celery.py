"""The Celery application: its configuration and its two tasks, which name what is to be done."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol
from uuid import UUID

from celery import Celery, Task
from kombu.exceptions import OperationalError

from backend.core.errors import UnavailableError
from backend.features.task_queue.brokers import Broker
from backend.features.task_queue.settings import TaskQueueSettings

CONNECTION_ERRORS = (OSError, TimeoutError, UnavailableError, OperationalError)
"""What may be over soon: the job is retried. Anything else makes it a dead letter at once."""

RUN_JOB = "run_job"
RUN_PERIODIC = "run_periodic"


class Work(Protocol):
    """What a worker process does; the tasks call it."""

    def run_job(self, job_id: UUID, *, last: bool) -> None:
        """Do a job; raises one of CONNECTION_ERRORS when it shall be retried."""

    def run_periodic(self, name: str) -> None:
        """Do one round of a periodic job."""


def make_celery(settings: TaskQueueSettings, broker: Broker) -> Celery:
    """Make an application that sends; `add_tasks` makes it one that works."""
    celery = Celery("backend", set_as_current=False, fixups=[])
    celery.conf.update(
        broker.configure(),
        broker_connection_timeout=2,
        broker_connection_retry_on_startup=True,
        worker_cancel_long_running_tasks_on_connection_loss=True,
        # Neither events nor remote control: nobody listens, and each needs queues of its own.
        worker_enable_remote_control=False,
        # The log is the application's.
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        # A job is taken from the broker when it was done, not when it was begun.
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,
        task_ignore_result=True,
        task_time_limit=settings.task_time_limit,
        task_default_queue="jobs",
        timezone="UTC",
    )
    return celery


def add_tasks(celery: Celery, settings: TaskQueueSettings, work: Work) -> None:
    """Let the application's workers do what messages ask for."""

    @celery.task(
        name=RUN_JOB,
        bind=True,
        shared=False,
        autoretry_for=CONNECTION_ERRORS,
        max_retries=settings.task_max_retries,
        retry_backoff=settings.task_backoff,
        retry_backoff_max=settings.task_backoff_max,
        retry_jitter=True,
    )
    def run_job(self: Task[Any, Any], job_id: str) -> None:
        last = self.request.retries >= settings.task_max_retries
        work.run_job(UUID(job_id), last=last)

    @celery.task(name=RUN_PERIODIC, shared=False)
    def run_periodic(name: str) -> None:
        work.run_periodic(name)


def schedule(celery: Celery, settings: TaskQueueSettings, names: Sequence[str]) -> None:
    """Let `celery beat` send the periodic jobs; a round that comes too late is not done."""
    seconds = settings.task_cleanup_interval
    options = {"expires": seconds}
    celery.conf.beat_schedule = {
        name: {"task": RUN_PERIODIC, "schedule": seconds, "args": [name], "options": options}
        for name in names
    }


Send = Callable[[UUID], None]
"""Sends a job's message, and blocks meanwhile; raises one of CONNECTION_ERRORS."""


def make_sender(celery: Celery) -> Send:
    """Return what sends the message that asks for a job."""

    def send(job_id: UUID) -> None:
        celery.send_task(RUN_JOB, args=[str(job_id)], retry=False)

    return send
