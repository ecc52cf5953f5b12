"""A whole shop in memory."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from pydantic import SecretStr

from backend.core.cache import MemoryCache
from backend.core.media import MediaSettings
from backend.core.security import AuthSettings, Passwords, TokenKind, Tokens
from backend.models.customer import Customer
from backend.repositories.unit_of_work import UnitOfWork
from backend.services.catalogue import CatalogueSettings
from backend.services.shop import JobSettings, Shop
from backend.tests.fakes.clock import FakeClock
from backend.tests.fakes.events import RecordingEventBus
from backend.tests.fakes.gateway import FakePaymentGateway
from backend.tests.fakes.media import MemoryMediaStore
from backend.tests.fakes.unit_of_work import FakeUnitOfWork

AUTH = AuthSettings(
    auth_signing_key=SecretStr("the key of tests, long enough for HS256"),
    # As weak as argon2 can be: real strength takes 50 ms.
    argon2_time_cost=1,
    argon2_memory_kib=8,
    argon2_parallelism=1,
)


@dataclass(kw_only=True)
class FakeShop:
    """The parts, with their own types; `shop` is what the application takes."""

    auth: AuthSettings = AUTH
    clock: FakeClock = field(default_factory=FakeClock)
    bus: RecordingEventBus = field(default_factory=RecordingEventBus)
    gateway: FakePaymentGateway = field(default_factory=FakePaymentGateway)
    media: MemoryMediaStore = field(default_factory=MemoryMediaStore)
    media_settings: MediaSettings = field(default_factory=lambda: MediaSettings(media_max_bytes=64))
    job_settings: JobSettings = field(default_factory=JobSettings)

    def __post_init__(self) -> None:
        """Put the parts together."""
        self.uow = FakeUnitOfWork(self.clock)
        self.shop = Shop(
            open_unit_of_work=self._open,
            passwords=Passwords(self.auth),
            tokens=Tokens(self.auth, self.clock),
            cache=MemoryCache(clock=self.clock.monotonic),
            bus=self.bus,
            gateway=self.gateway,
            media=self.media,
            media_settings=self.media_settings,
            catalogue_settings=CatalogueSettings(),
            job_settings=self.job_settings,
            clock=self.clock,
        )

    def token_for(self, customer: Customer) -> str:
        """Give an access token, without a log-in."""
        return self.shop.tokens.issue(TokenKind.ACCESS, subject=customer.id, token_id=customer.id)

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[UnitOfWork]:
        yield self.uow
