"""The services as dependencies, each on the request's session."""

from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from backend.api.dependencies import SessionDep
from backend.repositories.unit_of_work import UnitOfWork
from backend.services.accounts import AccountService
from backend.services.catalogue import CatalogueService
from backend.services.cleanup import CleanupService
from backend.services.media import MediaService
from backend.services.orders import OrderService
from backend.services.outbox import OutboxService
from backend.services.payments import PaymentService
from backend.services.reports import ReportService
from backend.services.shop import Shop


async def get_shop(connection: HTTPConnection) -> Shop:
    """Return the parts of the app that serves this request or WebSocket."""
    shop: Shop = connection.app.state.shop
    return shop


async def get_unit_of_work(session: SessionDep) -> UnitOfWork:
    """Return the request's unit of work; its services share it."""
    return UnitOfWork(session)


ShopDep = Annotated[Shop, Depends(get_shop)]
UnitOfWorkDep = Annotated[UnitOfWork, Depends(get_unit_of_work)]


async def get_accounts(shop: ShopDep, uow: UnitOfWorkDep) -> AccountService:
    """Make the request's service for accounts."""
    return shop.accounts(uow)


async def get_catalogue(shop: ShopDep, uow: UnitOfWorkDep) -> CatalogueService:
    """Make the request's service for products."""
    return shop.catalogue(uow)


async def get_images(shop: ShopDep, uow: UnitOfWorkDep) -> MediaService:
    """Make the request's service for images."""
    return shop.images(uow)


async def get_orders(shop: ShopDep, uow: UnitOfWorkDep) -> OrderService:
    """Make the request's service for orders."""
    return shop.orders(uow)


async def get_payments(shop: ShopDep, uow: UnitOfWorkDep) -> PaymentService:
    """Make the request's service for payments."""
    return shop.payments(uow)


async def get_reports(shop: ShopDep, uow: UnitOfWorkDep) -> ReportService:
    """Make the request's service for reports."""
    return shop.reports(uow)


async def get_outbox(shop: ShopDep, uow: UnitOfWorkDep) -> OutboxService:
    """Make the request's dispatcher."""
    return shop.outbox(uow)


async def get_cleanup(shop: ShopDep, uow: UnitOfWorkDep) -> CleanupService:
    """Make the request's service that cleans up."""
    return shop.cleanup(uow)


Accounts = Annotated[AccountService, Depends(get_accounts)]
Catalogue = Annotated[CatalogueService, Depends(get_catalogue)]
Images = Annotated[MediaService, Depends(get_images)]
Orders = Annotated[OrderService, Depends(get_orders)]
Payments = Annotated[PaymentService, Depends(get_payments)]
Reports = Annotated[ReportService, Depends(get_reports)]
Outbox = Annotated[OutboxService, Depends(get_outbox)]
Cleanup = Annotated[CleanupService, Depends(get_cleanup)]
