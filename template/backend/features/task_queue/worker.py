"""A worker process: the running application in its own event loop."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import cast
from uuid import UUID

from celery import Celery
from celery.signals import worker_process_shutdown, worker_shutdown
from fastapi import FastAPI

from backend.core.settings import load_settings
from backend.features.for_domains import load_for_domains
from backend.features.task_queue.brokers import Broker, BrokerSettings
from backend.features.task_queue.celery import add_tasks, make_celery, schedule
from backend.features.task_queue.queue import DELETE_DONE, TaskQueue
from backend.features.task_queue.settings import TaskQueueSettings


class WorkerProcess:
    """Runs coroutines one after another. Starts with the first one, after Celery has forked."""

    def __init__(
        self, make_app: Callable[[], FastAPI], prepare: Callable[[TaskQueue], None] | None = None
    ) -> None:
        """Store the application's factory, and a function that extends its queue at startup."""
        self._make_app = make_app
        self._prepare = prepare
        self._runner: asyncio.Runner | None = None
        self._stack = AsyncExitStack()
        self._queue: TaskQueue

    def run_job(self, job_id: UUID, *, last: bool) -> None:
        """Run a job."""
        self._run(lambda queue: queue.run(job_id, last=last))

    def run_periodic(self, name: str) -> None:
        """Run a periodic job once."""
        self._run(lambda queue: queue.periodic[name]())

    def stop(self, **_: object) -> None:
        """Leave the lifespan and close the loop; a second call does nothing."""
        if self._runner is not None:
            runner, self._runner = self._runner, None
            with runner:
                runner.run(self._stack.aclose())

    def stop_with_celery(self) -> None:
        """Stop when Celery stops this process."""
        for signal in (worker_process_shutdown, worker_shutdown):
            signal.connect(self.stop, weak=False)

    def _run(self, work: Callable[[TaskQueue], Awaitable[object]]) -> None:
        if self._runner is None:
            # Web processes and beat start periodic jobs, workers do not.
            os.environ["JOBS_INTERVAL"] = os.environ["TASK_SEND_INTERVAL"] = "0"
            self._runner = asyncio.Runner()
            self._runner.run(self._start())
        self._runner.run(self._call(work))

    async def _start(self) -> None:
        app = self._make_app()
        await self._stack.enter_async_context(app.router.lifespan_context(app))
        self._queue = app.state.task_queue
        if self._prepare is not None:
            self._prepare(self._queue)

    async def _call(self, work: Callable[[TaskQueue], Awaitable[object]]) -> None:
        await work(self._queue)


def make_worker(process: WorkerProcess) -> Celery:
    """Create the Celery application of workers and beat from the environment's settings."""
    settings = load_settings(TaskQueueSettings)
    celery = make_celery(settings, cast("Broker", load_settings(BrokerSettings)))
    add_tasks(celery, settings, process)
    process.stop_with_celery()
    names = [DELETE_DONE]
    for part in load_for_domains(__package__):
        names += getattr(part, "PERIODIC", ())
    schedule(celery, settings, names)
    return celery
