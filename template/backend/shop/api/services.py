"""Services as dependencies; those of one request share its session."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends
from starlette.requests import HTTPConnection

from backend.core.api.dependencies import SessionDep
from backend.shop.repositories.unit_of_work import ShopUnitOfWork
from backend.shop.services.catalogue import CatalogueService
from backend.shop.services.cleanup import CleanupService
from backend.shop.services.container import ShopContainer
from backend.shop.services.media import MediaService
from backend.shop.services.orders import OrderService
from backend.shop.services.outbox import OutboxService
from backend.shop.services.payments import PaymentService
from backend.shop.services.reports import ReportService


async def get_container(connection: HTTPConnection) -> ShopContainer:
    """Return the container of the app that serves this request or WebSocket."""
    container: ShopContainer = connection.app.state.shop
    return container


async def get_unit_of_work(session: SessionDep) -> ShopUnitOfWork:
    """Return the request's unit of work; its services share it."""
    return ShopUnitOfWork(session)


ShopContainerDep = Annotated[ShopContainer, Depends(get_container)]
UnitOfWorkDep = Annotated[ShopUnitOfWork, Depends(get_unit_of_work)]


def provide(make: Callable[[ShopContainer, ShopUnitOfWork], object]) -> Any:
    """Return a dependency that creates a service for the request."""

    async def service(container: ShopContainerDep, uow: UnitOfWorkDep) -> object:
        return make(container, uow)

    return Depends(service)


Catalogue = Annotated[CatalogueService, provide(lambda parts, uow: parts.catalogue(uow))]
Cleanup = Annotated[CleanupService, provide(lambda parts, uow: parts.cleanup(uow))]
Images = Annotated[MediaService, provide(lambda parts, uow: parts.images(uow))]
Orders = Annotated[OrderService, provide(lambda parts, uow: parts.orders(uow))]
Outbox = Annotated[OutboxService, provide(lambda parts, uow: parts.outbox(uow))]
Payments = Annotated[PaymentService, provide(lambda parts, uow: parts.payments(uow))]
Reports = Annotated[ReportService, provide(lambda parts, uow: parts.reports(uow))]
