"""The application in a worker process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI

from backend.features.task_queue.celery import RUN_JOB, RUN_PERIODIC
from backend.features.task_queue.queue import DELETE_DONE
from backend.features.task_queue.worker import WorkerProcess, make_worker


class FakeQueue:
    """Records calls."""

    def __init__(self) -> None:
        self.jobs: list[tuple[UUID, bool]] = []
        self.rounds = 0
        self.open = False
        self.periodic = {"clean up": self.clean_up}

    async def run(self, job_id: UUID, *, last: bool) -> None:
        self.jobs.append((job_id, last))

    async def clean_up(self) -> None:
        self.rounds += 1


@pytest.fixture
def queue() -> FakeQueue:
    return FakeQueue()


@pytest.fixture
def process(queue: FakeQueue, monkeypatch: pytest.MonkeyPatch) -> WorkerProcess:
    for name in ("JOBS_INTERVAL", "TASK_SEND_INTERVAL"):
        monkeypatch.setenv(name, "1")  # restored afterwards, because the process sets them

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.task_queue = queue
        queue.open = True
        yield
        queue.open = False

    return WorkerProcess(lambda: FastAPI(lifespan=lifespan))


def test_one_lifespan_serves_all_jobs_until_the_process_stops(
    process: WorkerProcess, queue: FakeQueue
) -> None:
    job_id = uuid4()
    assert not queue.open
    process.run_job(job_id, last=True)
    process.run_periodic("clean up")
    assert queue.open
    assert (queue.jobs, queue.rounds) == ([(job_id, True)], 1)
    process.stop()
    process.stop()
    assert not queue.open


def test_the_worker_knows_both_tasks_and_beat_the_clean_up(process: WorkerProcess) -> None:
    celery = make_worker(process)
    assert {RUN_JOB, RUN_PERIODIC} <= celery.tasks.keys()
    assert DELETE_DONE in celery.conf.beat_schedule
    celery.close()
