"""The shop with a task queue: customers hear of paid orders, a worker cleans up.

Events are published by the web's processes as before: their listeners are there.
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
    """Put mail beside the events, and take the periodic jobs over."""
    shop = app.state.shop
    app.state.shop = replace(shop, bus=ConfirmingEventBus(shop.bus, shop.open_unit_of_work))
    queue: TaskQueue = app.state.task_queue
    for name in PERIODIC:
        queue.periodic[name] = app.state.shop_jobs.pop(name)
    yield
