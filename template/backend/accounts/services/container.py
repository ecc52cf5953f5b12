"""The dependencies of the account services, created once per process, and service factories."""

from dataclasses import dataclass

from backend.accounts.adapters.login_limiter import LoginLimiter
from backend.accounts.adapters.security import PasswordHasher, TokenService
from backend.accounts.repositories.unit_of_work import AccountsUnitOfWork
from backend.accounts.services.accounts import AccountService, Registered, ignore_registration
from backend.core.clock import Clock, utc_now
from backend.core.unit_of_work import UnitOfWorkFactory


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountsContainer:
    """What the services need besides a unit of work. Tests replace parts with `replace()`."""

    open_unit_of_work: UnitOfWorkFactory[AccountsUnitOfWork]
    passwords: PasswordHasher
    tokens: TokenService
    login_limiter: LoginLimiter
    clock: Clock = utc_now
    on_registered: Registered = ignore_registration

    def accounts(self, uow: AccountsUnitOfWork) -> AccountService:
        """Create the account service."""
        return AccountService(
            uow, self.passwords, self.tokens, self.login_limiter, self.clock, self.on_registered
        )

    async def delete_expired_tokens(self) -> None:
        """Delete expired refresh tokens in its own unit of work."""
        async with self.open_unit_of_work() as uow:
            await self.accounts(uow).delete_expired_tokens()
