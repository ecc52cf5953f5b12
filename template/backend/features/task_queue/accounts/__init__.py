"""Accounts with a task queue: a welcome mail, and a worker that deletes expired tokens."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from fastapi import FastAPI

from backend.accounts.models.customer import Customer
from backend.accounts.repositories.unit_of_work import AccountsUnitOfWork
from backend.features.task_queue.mail import add_mail
from backend.features.task_queue.queue import TaskQueue

PERIODIC = ("delete expired tokens",)


def install(app: FastAPI) -> None:
    """Add nothing."""


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Queue mail on registration, and move the periodic jobs to workers."""
    app.state.accounts = replace(app.state.accounts, on_registered=welcome)
    queue: TaskQueue = app.state.task_queue
    for name in PERIODIC:
        queue.periodic[name] = app.state.accounts_jobs.pop(name)
    yield


async def welcome(uow: AccountsUnitOfWork, customer: Customer) -> None:
    """Queue the welcome mail in the transaction that creates the account."""
    await add_mail(
        uow,
        to=customer.email,
        subject="Welcome",
        body=f"Hello {customer.full_name},\n\nyour account is ready.\n",
    )
