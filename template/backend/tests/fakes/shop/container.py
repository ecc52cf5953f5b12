"""The shop and its accounts in memory."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from backend.shop.adapters.cache import MemoryCache
from backend.shop.adapters.media import MediaSettings
from backend.shop.services.catalogue import CatalogueSettings
from backend.shop.services.container import JobSettings, ShopContainer
from backend.tests.fakes.accounts.container import FakeAccounts
from backend.tests.fakes.shop.events import RecordingEventBus
from backend.tests.fakes.shop.media import MemoryMediaStore
from backend.tests.fakes.shop.payment_gateway import FakePaymentGateway
from backend.tests.fakes.shop.unit_of_work import FakeShopUnitOfWork


@dataclass(kw_only=True)
class FakeShop(FakeAccounts):
    """The fakes, with their own types; `accounts` and `shop` are the application's containers."""

    uow: FakeShopUnitOfWork = field(init=False)
    bus: RecordingEventBus = field(default_factory=RecordingEventBus)
    payment_gateway: FakePaymentGateway = field(default_factory=FakePaymentGateway)
    media: MemoryMediaStore = field(default_factory=MemoryMediaStore)
    media_settings: MediaSettings = field(default_factory=lambda: MediaSettings(media_max_bytes=64))
    job_settings: JobSettings = field(default_factory=JobSettings)

    def __post_init__(self) -> None:
        """Create the containers."""
        self.uow = FakeShopUnitOfWork(self.clock)
        self._make_accounts()
        self.shop = ShopContainer(
            open_unit_of_work=self._open_shop,
            cache=MemoryCache(clock=self.clock.monotonic),
            bus=self.bus,
            payment_gateway=self.payment_gateway,
            media=self.media,
            media_settings=self.media_settings,
            catalogue_settings=CatalogueSettings(),
            job_settings=self.job_settings,
            clock=self.clock,
        )

    @asynccontextmanager
    async def _open_shop(self) -> AsyncIterator[FakeShopUnitOfWork]:
        yield self.uow
