"""The shop with a task queue: mail about paid orders, and cleanup by a worker.

Web processes still publish events, because they hold the listeners.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from fastapi import FastAPI

from backend.features.task_queue.queue import TaskQueue
from backend.features.task_queue.shop.confirmations import ConfirmingEventBus

PERIODIC = ("clean up",)


def install(app: FastAPI) -> None:
    """Add nothing."""


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Queue mail on payment events, and move the periodic jobs to workers."""
    shop = app.state.shop
    app.state.shop = replace(shop, bus=ConfirmingEventBus(shop.bus, shop.open_unit_of_work))
    queue: TaskQueue = app.state.task_queue
    for name in PERIODIC:
        queue.periodic[name] = app.state.shop_jobs.pop(name)
    yield
