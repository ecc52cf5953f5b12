"""Password hashing and tokens."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from uuid import UUID

import argon2
import jwt
from argon2.exceptions import InvalidHashError, VerificationError
from pydantic import Field, SecretStr

from backend.core.clock import Clock, utc_now
from backend.core.errors import AuthenticationError
from backend.core.settings import AppSettings


class AuthSettings(AppSettings):
    """Settings of authentication. The argon2 defaults are the library's and suit a server."""

    auth_signing_key: SecretStr = SecretStr("change-me-in-production-change-me")
    auth_issuer: str = "backend"
    auth_audience: str = "backend-api"
    access_token_seconds: int = Field(default=15 * 60, gt=0)
    refresh_token_seconds: int = Field(default=14 * 24 * 3600, gt=0)
    argon2_time_cost: int = Field(default=3, ge=1)
    argon2_memory_kib: int = Field(default=64 * 1024, ge=8)
    argon2_parallelism: int = Field(default=1, ge=1)
    argon2_max_concurrency: int = Field(
        default=4, ge=1, description="Hashes computed concurrently."
    )
    login_attempts_per_account: int = Field(default=5, ge=1)
    login_attempts_per_client: int = Field(default=50, ge=1)
    login_attempts_seconds: float = Field(
        default=300, gt=0, description="Seconds until attempts stop counting."
    )


_CLOCK_SKEW = timedelta(minutes=1)
"""How far ahead the clock of the replica that issued a token may be."""


class TokenKind(StrEnum):
    """What a token is for; neither kind is accepted in place of the other."""

    ACCESS = "access"
    REFRESH = "refresh"


@dataclass(frozen=True, slots=True)
class Claims:
    """The verified claims of a token."""

    subject: UUID
    kind: TokenKind
    token_id: UUID
    expires_at: datetime


class PasswordHasher:
    """Hashes passwords with argon2id, in threads: each hash takes about 50 ms of CPU time."""

    def __init__(self, settings: AuthSettings) -> None:
        self._hasher = argon2.PasswordHasher(
            time_cost=settings.argon2_time_cost,
            memory_cost=settings.argon2_memory_kib,
            parallelism=settings.argon2_parallelism,
        )
        # Takes as long to verify as a real hash and matches no password.
        self._dummy_hash = (
            f"$argon2id$v=19$m={settings.argon2_memory_kib},t={settings.argon2_time_cost},"
            f"p={settings.argon2_parallelism}${'A' * 22}${'A' * 43}"
        )
        # Each hash needs `argon2_memory_kib`: a burst of logins must not exhaust the memory.
        self._slots = asyncio.Semaphore(settings.argon2_max_concurrency)

    async def hash(self, password: str) -> str:
        """Return a salted hash that includes its parameters."""
        async with self._slots:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def verify(self, password: str, password_hash: str | None) -> bool:
        """Return whether the password matches the hash.

        Without a hash (no such account) the result is False after the same time: the duration
        must not reveal whether an account exists.
        """
        async with self._slots:
            return await asyncio.to_thread(self._verify, password, password_hash)

    def needs_rehash(self, password_hash: str) -> bool:
        """Return whether the hash was made with other parameters than the current ones."""
        return self._hasher.check_needs_rehash(password_hash)

    def _verify(self, password: str, password_hash: str | None) -> bool:
        known = self._dummy_hash if password_hash is None else password_hash
        try:
            matches = self._hasher.verify(known, password)
        except (VerificationError, InvalidHashError):
            return False
        return matches and password_hash is not None


class TokenService:
    """Issues and verifies tokens."""

    _ALGORITHM = "HS256"

    def __init__(self, settings: AuthSettings, clock: Clock = utc_now) -> None:
        self._key = settings.auth_signing_key.get_secret_value()
        self._issuer = settings.auth_issuer
        self._audience = settings.auth_audience
        self._lifetimes = {
            TokenKind.ACCESS: timedelta(seconds=settings.access_token_seconds),
            TokenKind.REFRESH: timedelta(seconds=settings.refresh_token_seconds),
        }
        self._clock = clock

    def lifetime(self, kind: TokenKind) -> timedelta:
        """Return how long a token of this kind is valid."""
        return self._lifetimes[kind]

    def issue(self, kind: TokenKind, *, subject: UUID, token_id: UUID) -> str:
        """Issue a token for an account."""
        now = self._clock()
        payload = {
            "sub": str(subject),
            "typ": kind.value,
            "jti": str(token_id),
            "iss": self._issuer,
            "aud": self._audience,
            "iat": now,
            "exp": now + self._lifetimes[kind],
        }
        return jwt.encode(payload, self._key, algorithm=self._ALGORITHM)

    def check(self, token: str, kind: TokenKind) -> Claims:
        """Verify a token and return its claims.

        Raises:
            AuthenticationError: It is invalid, of another kind, or expired.
        """
        try:
            payload = jwt.decode(
                token,
                self._key,
                algorithms=[self._ALGORITHM],
                audience=self._audience,
                issuer=self._issuer,
                # Both are checked below, by the injected clock.
                options={
                    "require": ["sub", "typ", "jti", "iss", "aud", "iat", "exp"],
                    "verify_exp": False,
                    "verify_iat": False,
                },
            )
            claims = Claims(
                subject=UUID(payload["sub"]),
                kind=TokenKind(payload["typ"]),
                token_id=UUID(payload["jti"]),
                expires_at=_read_time(payload["exp"]),
            )
            issued_at = _read_time(payload["iat"])
        except (jwt.InvalidTokenError, ValueError, TypeError, OverflowError) as error:
            raise AuthenticationError("The token is not valid.") from error
        if claims.kind is not kind:
            raise AuthenticationError(f"This is not an {kind} token.")
        if issued_at > self._clock() + _CLOCK_SKEW:
            raise AuthenticationError("The token is not valid yet.")
        if claims.expires_at <= self._clock():
            raise AuthenticationError("The token has expired.")
        return claims


def _read_time(seconds: float) -> datetime:
    """Convert a claim to a time.

    Raises:
        ValueError, TypeError, OverflowError: It is not a number, or not a valid time.
    """
    return datetime.fromtimestamp(seconds, UTC)
