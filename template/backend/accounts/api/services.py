"""Services as dependencies; those of one request share its session."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends
from starlette.requests import HTTPConnection

from backend.accounts.repositories.unit_of_work import AccountsUnitOfWork
from backend.accounts.services.accounts import AccountService
from backend.accounts.services.container import AccountsContainer
from backend.core.api.dependencies import SessionDep


async def get_container(connection: HTTPConnection) -> AccountsContainer:
    """Return the container of the app that serves this request or WebSocket."""
    container: AccountsContainer = connection.app.state.accounts
    return container


async def get_unit_of_work(session: SessionDep) -> AccountsUnitOfWork:
    """Return the request's unit of work; its services share it."""
    return AccountsUnitOfWork(session)


AccountsContainerDep = Annotated[AccountsContainer, Depends(get_container)]
UnitOfWorkDep = Annotated[AccountsUnitOfWork, Depends(get_unit_of_work)]


def provide(make: Callable[[AccountsContainer, AccountsUnitOfWork], object]) -> Any:
    """Return a dependency that creates a service for the request."""

    async def service(container: AccountsContainerDep, uow: UnitOfWorkDep) -> object:
        return make(container, uow)

    return Depends(service)


Accounts = Annotated[AccountService, provide(lambda parts, uow: parts.accounts(uow))]
