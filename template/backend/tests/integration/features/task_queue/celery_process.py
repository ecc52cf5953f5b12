"""Run a worker or beat with test jobs, and exit when the parent process ends.

Usage: `python -m backend.tests.integration.features.task_queue.celery_process worker …`
"""

import asyncio
import os
import signal
import sys
import threading
from pathlib import Path

from celery import Celery

from backend.core.logging import configure_logging
from backend.core.settings import Settings, load_settings
from backend.features.task_queue.models.job import Job
from backend.features.task_queue.queue import TaskQueue
from backend.features.task_queue.repositories.jobs import JobUnitOfWork
from backend.features.task_queue.worker import WorkerProcess, make_worker
from backend.main import create_app

STOP_SECONDS = 4.0


async def write_effect(uow: JobUnitOfWork, job: Job) -> None:
    """Produce a countable effect."""
    await uow.jobs.add("effect", {"of": str(job.id)})


async def fail_twice(uow: JobUnitOfWork, job: Job) -> None:
    """Raise a connection error at the first two attempts."""
    await write_effect(uow, job)
    if job.attempts < 3:
        raise ConnectionRefusedError("nobody is there")


async def hang_once(uow: JobUnitOfWork, job: Job) -> None:
    """Record the process id, and hang at the first attempt."""
    await write_effect(uow, job)
    if job.attempts == 1:
        path = Path(job.arguments["path"])
        path.with_suffix(".new").write_text(str(os.getpid()), encoding="utf-8")
        path.with_suffix(".new").rename(path)
        await asyncio.Event().wait()


async def fail_until_cured(uow: JobUnitOfWork, job: Job) -> None:
    """Fail until a file exists."""
    await write_effect(uow, job)
    if not await asyncio.to_thread(Path(job.arguments["cure"]).exists):
        raise ValueError("poison")


def add_handlers(queue: TaskQueue) -> None:
    """Add the test jobs."""
    queue.handlers |= {
        "write effect": write_effect,
        "fail twice": fail_twice,
        "hang once": hang_once,
        "fail until cured": fail_until_cured,
    }


def make_app() -> Celery:
    """Create the process's application."""
    configure_logging(load_settings(Settings))
    return make_worker(WorkerProcess(create_app, add_handlers))


def stop_with_parent() -> None:
    """Exit when standard input closes: cleanly, or by force."""
    os.read(0, 1)  # sys.stdin has a lock, which forks would inherit
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Timer(STOP_SECONDS, os.killpg, (os.getpgid(0), signal.SIGKILL)).start()


if __name__ == "__main__":
    threading.Thread(target=stop_with_parent, daemon=True).start()
    make_app().start(sys.argv[1:])
