"""Accounts: registration, login and tokens."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from backend.accounts.adapters.login_limiter import LoginLimiter
from backend.accounts.adapters.security import PasswordHasher, TokenKind, TokenService
from backend.accounts.models.customer import Customer, RefreshToken, Role
from backend.accounts.paging import Page
from backend.accounts.repositories.unit_of_work import AccountsUnitOfWork
from backend.core.clock import Clock, utc_now
from backend.core.errors import AuthenticationError, ConflictError, NotFoundError

Registered = Callable[[AccountsUnitOfWork, Customer], Awaitable[None]]
"""Called for a new account, in the transaction that creates it."""


async def ignore_registration(_uow: AccountsUnitOfWork, _customer: Customer) -> None:
    """Do nothing."""


@dataclass(frozen=True, slots=True)
class TokenPair:
    """The tokens of a login. `expires_in`: the access token's lifetime in seconds."""

    access_token: str
    refresh_token: str
    expires_in: int


class AccountService:
    """Registers, authenticates and manages accounts."""

    def __init__(
        self,
        uow: AccountsUnitOfWork,
        passwords: PasswordHasher,
        tokens: TokenService,
        login_limiter: LoginLimiter,
        clock: Clock = utc_now,
        on_registered: Registered = ignore_registration,
    ) -> None:
        self._uow = uow
        self._passwords = passwords
        self._tokens = tokens
        self._login_limiter = login_limiter
        self._clock = clock
        self._on_registered = on_registered

    async def register(
        self, *, email: str, password: str, full_name: str, phone: str | None = None
    ) -> None:
        """Create an account unless the address has one; callers must not learn which."""
        customer = Customer(
            email=email,
            password_hash=await self._passwords.hash(password),
            full_name=full_name,
            phone=phone,
            role=Role.CUSTOMER,
            is_active=True,
        )
        with suppress(ConflictError):
            await self._uow.customers.add(customer)
            await self._on_registered(self._uow, customer)
        await self._uow.commit()

    async def log_in(self, *, email: str, password: str, client: str) -> TokenPair:
        """Return tokens for a password; `client` is the client's address.

        Raises:
            AuthenticationError: Wrong password, unknown or inactive account; it does not say which.
            TooManyAttemptsError: There were too many failed attempts.
        """
        customer = await self._uow.customers.find_by_email(email)
        await self._uow.commit()  # returns the connection while the password is hashed
        attempt = {"account": email.lower(), "client": client}
        await self._login_limiter.attempt(**attempt)
        known = customer.password_hash if customer is not None and customer.is_active else None
        if not await self._passwords.verify(password, known) or customer is None:
            raise AuthenticationError("The e-mail address or the password is wrong.")
        await self._login_limiter.succeed(**attempt)
        if self._passwords.needs_rehash(customer.password_hash):
            customer.password_hash = await self._passwords.hash(password)
        pair = await self._issue(customer.id, family_id=uuid4())
        await self._uow.commit()
        return pair

    async def refresh(self, refresh_token: str) -> TokenPair:
        """Exchange a refresh token, which can be used once, for new tokens.

        A token that is used twice has been copied: all tokens of its login are revoked.

        Raises:
            AuthenticationError: The token is invalid, expired or revoked.
        """
        now = self._clock()
        claims = self._tokens.check(refresh_token, TokenKind.REFRESH)
        known = await self._uow.refresh_tokens.lock(claims.token_id)
        if known is None or known.revoked_at is not None:
            raise AuthenticationError("The token was revoked. Log in again.")
        if known.used_at is not None:
            await self._uow.refresh_tokens.revoke_family(known.family_id, now)
            await self._uow.commit()
            raise AuthenticationError("The token was already used. Log in again.")
        customer = await self._uow.customers.get(known.customer_id)
        if customer is None or not customer.is_active:
            raise AuthenticationError("The account is not active.")
        known.used_at = now
        pair = await self._issue(customer.id, family_id=known.family_id)
        await self._uow.commit()
        return pair

    async def log_out(self, refresh_token: str) -> None:
        """Revoke all tokens of a login. An invalid token needs no revoking."""
        try:
            claims = self._tokens.check(refresh_token, TokenKind.REFRESH)
        except AuthenticationError:
            return
        known = await self._uow.refresh_tokens.lock(claims.token_id)
        if known is not None:
            await self._uow.refresh_tokens.revoke_family(known.family_id, self._clock())
        await self._uow.commit()

    async def authenticate(self, access_token: str) -> Customer:
        """Return the customer that an access token belongs to.

        Raises:
            AuthenticationError: The token is invalid, or its account is inactive or deleted.
        """
        claims = self._tokens.check(access_token, TokenKind.ACCESS)
        customer = await self._uow.customers.get(claims.subject)
        if customer is None or not customer.is_active:
            raise AuthenticationError("The account is not active.")
        return customer

    async def list(
        self, *, is_active: bool | None = None, cursor: str | None = None, limit: int = 20
    ) -> Page[Customer]:
        """Return a page of accounts, newest first."""
        return await self._uow.customers.list(is_active=is_active, cursor=cursor, limit=limit)

    async def get(self, customer_id: UUID) -> Customer:
        """Return one account.

        Raises:
            NotFoundError: It does not exist.
        """
        customer = await self._uow.customers.get(customer_id)
        if customer is None:
            raise NotFoundError("There is no such customer.")
        return customer

    async def change_profile(self, customer: Customer, changes: dict[str, Any]) -> Customer:
        """Update the fields that customers may change in their own account."""
        return await self._change(customer, changes)

    async def change(self, customer_id: UUID, changes: dict[str, Any], *, by: Customer) -> Customer:
        """Update an account. Deactivating it revokes all its tokens.

        Raises:
            NotFoundError: It does not exist.
            ConflictError: Admins may not deactivate or demote themselves.
        """
        customer = await self.get(customer_id)
        loses_rights = changes.get("is_active") is False or changes.get("role") is Role.CUSTOMER
        if customer.id == by.id and loses_rights:
            raise ConflictError("You cannot deactivate yourself or give up the admin role.")
        if changes.get("is_active") is False:
            await self._uow.refresh_tokens.revoke_all(customer.id, self._clock())
        return await self._change(customer, changes)

    async def delete_expired_tokens(self) -> int:
        """Delete expired refresh tokens; return how many."""
        deleted = await self._uow.refresh_tokens.delete_expired(self._clock())
        await self._uow.commit()
        return deleted

    async def _change(self, customer: Customer, changes: dict[str, Any]) -> Customer:
        for name, value in changes.items():
            setattr(customer, name, value)
        await self._uow.customers.flush(customer)
        await self._uow.commit()
        return customer

    async def _issue(self, customer_id: UUID, *, family_id: UUID) -> TokenPair:
        lifetime = self._tokens.lifetime(TokenKind.REFRESH)
        known = RefreshToken(
            id=uuid4(),
            family_id=family_id,
            customer_id=customer_id,
            expires_at=self._clock() + lifetime,
        )
        await self._uow.refresh_tokens.add(known)
        issue = self._tokens.issue
        return TokenPair(
            access_token=issue(TokenKind.ACCESS, subject=customer_id, token_id=uuid4()),
            refresh_token=issue(TokenKind.REFRESH, subject=customer_id, token_id=known.id),
            expires_in=int(self._tokens.lifetime(TokenKind.ACCESS).total_seconds()),
        )
