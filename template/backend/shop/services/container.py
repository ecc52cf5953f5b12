"""The dependencies of the shop's services, created once per process, and service factories."""

from dataclasses import dataclass
from datetime import timedelta

from pydantic import Field

from backend.core.clock import Clock, utc_now
from backend.core.settings import AppSettings
from backend.core.unit_of_work import UnitOfWorkFactory
from backend.shop.adapters.cache import Cache
from backend.shop.adapters.events import EventBus
from backend.shop.adapters.media import MediaSettings, MediaStore
from backend.shop.adapters.payment_gateway import PaymentGateway
from backend.shop.repositories.unit_of_work import ShopUnitOfWork
from backend.shop.services.catalogue import CatalogueService, CatalogueSettings
from backend.shop.services.cleanup import CleanupService
from backend.shop.services.media import MediaService
from backend.shop.services.orders import OrderService
from backend.shop.services.outbox import OutboxService
from backend.shop.services.payments import PaymentService
from backend.shop.services.reports import ReportService


class JobSettings(AppSettings):
    """Limits of the background jobs. Times are in seconds."""

    order_ttl: int = Field(default=30 * 60, gt=0)
    payment_ttl: int = Field(default=2 * 60, gt=0)
    outbox_max_attempts: int = Field(default=5, ge=1)
    outbox_backoff: float = Field(default=1.0, ge=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopContainer:
    """What the services need besides a unit of work. Tests replace parts with `replace()`."""

    open_unit_of_work: UnitOfWorkFactory[ShopUnitOfWork]
    cache: Cache
    bus: EventBus
    payment_gateway: PaymentGateway
    media: MediaStore
    media_settings: MediaSettings
    catalogue_settings: CatalogueSettings
    job_settings: JobSettings
    clock: Clock = utc_now

    def catalogue(self, uow: ShopUnitOfWork) -> CatalogueService:
        """Create the product service."""
        return CatalogueService(uow, self.cache, self.media, self.catalogue_settings)

    def images(self, uow: ShopUnitOfWork) -> MediaService:
        """Create the image service."""
        return MediaService(uow, self.media, self.media_settings)

    def orders(self, uow: ShopUnitOfWork) -> OrderService:
        """Create the order service."""
        return OrderService(uow)

    def payments(self, uow: ShopUnitOfWork) -> PaymentService:
        """Create the payment service."""
        return PaymentService(uow, self.payment_gateway, self.clock)

    def reports(self, uow: ShopUnitOfWork) -> ReportService:
        """Create the report service."""
        return ReportService(uow)

    def outbox(self, uow: ShopUnitOfWork) -> OutboxService:
        """Create the service that publishes events."""
        return OutboxService(
            uow,
            self.bus,
            self.clock,
            max_attempts=self.job_settings.outbox_max_attempts,
            backoff=timedelta(seconds=self.job_settings.outbox_backoff),
        )

    def cleanup(self, uow: ShopUnitOfWork) -> CleanupService:
        """Create the cleanup service."""
        return CleanupService(
            uow,
            self.payments(uow),
            self.clock,
            order_ttl=timedelta(seconds=self.job_settings.order_ttl),
            payment_ttl=timedelta(seconds=self.job_settings.payment_ttl),
        )

    async def publish_events(self) -> None:
        """Publish due events in its own unit of work."""
        async with self.open_unit_of_work() as uow:
            await self.outbox(uow).dispatch()

    async def clean_up(self) -> None:
        """Run one cleanup round in its own unit of work."""
        async with self.open_unit_of_work() as uow:
            await self.cleanup(uow).run()
