"""The shop's parts, made once a process, and the services that are made from them each time."""

from dataclasses import dataclass
from datetime import timedelta

from pydantic import Field

from backend.core.cache import Cache
from backend.core.clock import Clock, utc_now
from backend.core.events import EventBus
from backend.core.gateway import PaymentGateway
from backend.core.media import MediaSettings, MediaStore
from backend.core.security import Passwords, Tokens
from backend.core.settings import AppSettings
from backend.repositories.unit_of_work import OpenUnitOfWork, UnitOfWork
from backend.services.accounts import AccountService
from backend.services.catalogue import CatalogueService, CatalogueSettings
from backend.services.cleanup import CleanupService
from backend.services.media import MediaService
from backend.services.orders import OrderService
from backend.services.outbox import OutboxService
from backend.services.payments import PaymentService
from backend.services.reports import ReportService


class JobSettings(AppSettings):
    """When background jobs run, and what they give up. Times are in seconds."""

    jobs_interval: float = Field(default=10.0, ge=0)
    order_ttl: int = Field(default=30 * 60, gt=0)
    payment_ttl: int = Field(default=2 * 60, gt=0)
    outbox_max_attempts: int = Field(default=5, ge=1)
    outbox_backoff: float = Field(default=1.0, ge=0)

    @property
    def interval(self) -> float:
        """Seconds between two rounds; 0 is never, as under test unless it was set."""
        if self.environment == "test" and "jobs_interval" not in self.model_fields_set:
            return 0.0
        return self.jobs_interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """What the services need besides a unit of work. Tests replace parts by `replace()`."""

    open_unit_of_work: OpenUnitOfWork
    passwords: Passwords
    tokens: Tokens
    cache: Cache
    bus: EventBus
    gateway: PaymentGateway
    media: MediaStore
    media_settings: MediaSettings
    catalogue_settings: CatalogueSettings
    job_settings: JobSettings
    clock: Clock = utc_now

    def accounts(self, uow: UnitOfWork) -> AccountService:
        """Make the service for accounts."""
        return AccountService(uow, self.passwords, self.tokens, self.clock)

    def catalogue(self, uow: UnitOfWork) -> CatalogueService:
        """Make the service for products."""
        return CatalogueService(uow, self.cache, self.media, self.catalogue_settings)

    def images(self, uow: UnitOfWork) -> MediaService:
        """Make the service for images."""
        return MediaService(uow, self.media, self.media_settings)

    def orders(self, uow: UnitOfWork) -> OrderService:
        """Make the service for orders."""
        return OrderService(uow)

    def payments(self, uow: UnitOfWork) -> PaymentService:
        """Make the service for payments."""
        return PaymentService(uow, self.gateway, self.clock)

    def reports(self, uow: UnitOfWork) -> ReportService:
        """Make the service for reports."""
        return ReportService(uow)

    def outbox(self, uow: UnitOfWork) -> OutboxService:
        """Make the dispatcher."""
        return OutboxService(
            uow,
            self.bus,
            self.clock,
            max_attempts=self.job_settings.outbox_max_attempts,
            backoff=timedelta(seconds=self.job_settings.outbox_backoff),
        )

    def cleanup(self, uow: UnitOfWork) -> CleanupService:
        """Make the service that cleans up."""
        return CleanupService(
            uow,
            self.payments(uow),
            self.clock,
            order_ttl=timedelta(seconds=self.job_settings.order_ttl),
            payment_ttl=timedelta(seconds=self.job_settings.payment_ttl),
        )

    async def tell_events(self) -> None:
        """Tell the events that are due, in a unit of work of its own."""
        async with self.open_unit_of_work() as uow:
            await self.outbox(uow).dispatch()

    async def clean_up(self) -> None:
        """Do one round of cleaning up, in a unit of work of its own."""
        async with self.open_unit_of_work() as uow:
            await self.cleanup(uow).run()
