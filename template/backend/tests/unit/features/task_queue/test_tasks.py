"""The Celery tasks, in this process without a broker."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from celery import Celery

from backend.features.task_queue.celery import (
    RUN_JOB,
    RUN_PERIODIC,
    add_tasks,
    make_celery,
    schedule,
)
from backend.features.task_queue.settings import TaskQueueSettings


class MemoryBroker:
    """A broker within this process."""

    def configure(self) -> dict[str, Any]:
        return {"broker_url": "memory://"}


class FakeWork:
    """Records calls; the first attempts fail."""

    def __init__(self, failures: int = 0, error: type[Exception] = ConnectionError) -> None:
        self.failures = failures
        self.error = error
        self.lasts: list[bool] = []
        self.rounds: list[str] = []

    def run_job(self, job_id: UUID, *, last: bool) -> None:
        self.lasts.append(last)
        if len(self.lasts) <= self.failures:
            raise self.error

    def run_periodic(self, name: str) -> None:
        self.rounds.append(name)


SETTINGS = TaskQueueSettings(task_max_retries=2)


def make_eager(work: FakeWork) -> Celery:
    celery = make_celery(SETTINGS, MemoryBroker())
    celery.conf.task_always_eager = True
    add_tasks(celery, SETTINGS, work)
    return celery


def run_job(work: FakeWork) -> Any:
    task: Callable[..., Any] = make_eager(work).tasks[RUN_JOB].delay
    return task(str(uuid4()))


def test_connection_errors_are_retried_and_the_last_attempt_is_marked() -> None:
    work = FakeWork(failures=2)
    assert run_job(work).successful()
    assert work.lasts == [False, False, True]


def test_other_errors_are_not() -> None:
    work = FakeWork(failures=1, error=ValueError)
    assert run_job(work).failed()
    assert work.lasts == [False]


def test_a_periodic_job_is_called_by_its_name() -> None:
    work = FakeWork()
    make_eager(work).tasks[RUN_PERIODIC].delay("clean up")
    assert work.rounds == ["clean up"]


def test_beat_sends_each_periodic_job_with_an_expiry() -> None:
    celery = make_celery(SETTINGS, MemoryBroker())
    schedule(celery, SETTINGS, ["clean up"])
    (entry,) = celery.conf.beat_schedule.values()
    assert entry["args"] == ["clean up"]
    assert entry["options"]["expires"] == entry["schedule"] == SETTINGS.task_cleanup_interval


@pytest.mark.parametrize("option", ["task_acks_late", "task_reject_on_worker_lost"])
def test_a_message_outlives_its_worker(option: str) -> None:
    assert make_celery(SETTINGS, MemoryBroker()).conf[option] is True
