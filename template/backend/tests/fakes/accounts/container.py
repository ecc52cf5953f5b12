"""Accounts in memory, with dependencies that a test controls."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from pydantic import SecretStr

from backend.accounts.adapters.login_limiter import MemoryLoginLimiter
from backend.accounts.adapters.security import (
    AuthSettings,
    PasswordHasher,
    TokenKind,
    TokenService,
)
from backend.accounts.models.customer import Customer
from backend.accounts.services.container import AccountsContainer
from backend.tests.fakes.accounts.unit_of_work import FakeAccountsUnitOfWork
from backend.tests.fakes.clock import FakeClock

AUTH = AuthSettings(
    auth_signing_key=SecretStr("the key of tests, long enough for HS256"),
    # argon2's minimum cost: the default takes 50 ms.
    argon2_time_cost=1,
    argon2_memory_kib=8,
    argon2_parallelism=1,
)


@dataclass(kw_only=True)
class FakeAccounts:
    """The fakes, with their own types; `accounts` is the container for the application."""

    auth: AuthSettings = AUTH
    clock: FakeClock = field(default_factory=FakeClock)

    def __post_init__(self) -> None:
        """Create the container."""
        self.uow = FakeAccountsUnitOfWork(self.clock)
        self._make_accounts()

    def token_for(self, customer: Customer) -> str:
        """Issue an access token without a login."""
        tokens = self.accounts.tokens
        return tokens.issue(TokenKind.ACCESS, subject=customer.id, token_id=customer.id)

    def _make_accounts(self) -> None:
        self.accounts = AccountsContainer(
            open_unit_of_work=self._open,
            passwords=PasswordHasher(self.auth),
            tokens=TokenService(self.auth, self.clock),
            login_limiter=MemoryLoginLimiter(self.auth, clock=self.clock.monotonic),
            clock=self.clock,
        )

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[FakeAccountsUnitOfWork]:
        yield self.uow
