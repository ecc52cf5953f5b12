"""The Celery application: its configuration, and a task each for jobs and periodic jobs."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol
from uuid import UUID

from celery import Celery, Task
from kombu.exceptions import OperationalError

from backend.core.errors import UnavailableError
from backend.features.task_queue.brokers import Broker
from backend.features.task_queue.settings import TaskQueueSettings

CONNECTION_ERRORS = (OSError, TimeoutError, UnavailableError, OperationalError)
"""Transient errors: the job is retried. Any other makes it a dead letter at once."""

RUN_JOB = "run_job"
RUN_PERIODIC = "run_periodic"


class Work(Protocol):
    """The interface of a worker process, called by the tasks."""

    def run_job(self, job_id: UUID, *, last: bool) -> None:
        """Run a job; raise one of CONNECTION_ERRORS to retry it."""

    def run_periodic(self, name: str) -> None:
        """Run a periodic job once."""


def make_celery(settings: TaskQueueSettings, broker: Broker) -> Celery:
    """Create an application that only sends; `add_tasks` adds what workers run."""
    celery = Celery("backend", set_as_current=False, fixups=[])
    celery.conf.update(
        broker.configure(),
        broker_connection_timeout=2,
        broker_connection_retry_on_startup=True,
        worker_cancel_long_running_tasks_on_connection_loss=True,
        # No events or remote control: they are unused, and each needs its own queues.
        worker_enable_remote_control=False,
        # The application configures logging.
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        # A message is acknowledged after its job is done, so that a killed worker loses none.
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
    """Add the tasks that workers run."""

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
    """Schedule the periodic jobs for `celery beat`; late messages expire."""
    seconds = settings.task_cleanup_interval
    options = {"expires": seconds}
    celery.conf.beat_schedule = {
        name: {"task": RUN_PERIODIC, "schedule": seconds, "args": [name], "options": options}
        for name in names
    }


Send = Callable[[UUID], None]
"""Sends a job's message (blocking); raises one of CONNECTION_ERRORS."""


def make_sender(celery: Celery) -> Send:
    """Return a function that sends a job's message."""

    def send(job_id: UUID) -> None:
        celery.send_task(RUN_JOB, args=[str(job_id)], retry=False)

    return send
