"""A limit on login attempts, behind an interface that a shared implementation can satisfy."""

import math
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol

from backend.accounts.adapters.security import AuthSettings
from backend.core.clock import Monotonic
from backend.core.errors import AppError


class TooManyAttemptsError(AppError):
    """The limit is reached; `Retry-After` says when to try again."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    code = "too_many_requests"
    message = "Too many login attempts. Try again later."

    def __init__(self, seconds: float) -> None:
        """Store the seconds until the next attempt."""
        super().__init__()
        self.headers = {"Retry-After": str(max(1, math.ceil(seconds)))}


class LoginLimiter(Protocol):
    """Limits attempts per account, whether it exists or not, and per client."""

    async def attempt(self, *, account: str, client: str) -> None:
        """Count an attempt before its password is checked.

        Raises:
            TooManyAttemptsError: The account or the client has no attempt left.
        """

    async def succeed(self, *, account: str, client: str) -> None:
        """Uncount a successful attempt and reset the account's failed ones."""


@dataclass(slots=True)
class _Window:
    ends: float
    attempts: int = 0


class MemoryLoginLimiter:
    """Counts in this process only: each of several processes allows the full number of attempts.

    The time window of an account or a client begins with its first attempt. Above
    `max_entries`, the oldest window is dropped.
    """

    def __init__(
        self,
        settings: AuthSettings,
        *,
        max_entries: int = 10_000,
        clock: Monotonic = time.monotonic,
    ) -> None:
        self._limits = {
            "account": settings.login_attempts_per_account,
            "client": settings.login_attempts_per_client,
        }
        self._seconds = settings.login_attempts_seconds
        self._max_entries = max_entries
        self._clock = clock
        # All windows have the same length, so the first one ends first.
        self._windows: dict[tuple[str, str], _Window] = {}

    async def attempt(self, *, account: str, client: str) -> None:
        """Count an attempt for both, unless either has none left."""
        now = self._clock()
        self._forget_ended(now)
        keys = [("account", account), ("client", client)]
        used_up = [
            window.ends - now
            for key in keys
            if (window := self._windows.get(key)) and window.attempts >= self._limits[key[0]]
        ]
        if used_up:
            raise TooManyAttemptsError(max(used_up))
        for key in keys:
            self._windows.setdefault(key, _Window(now + self._seconds)).attempts += 1
        while len(self._windows) > self._max_entries:
            del self._windows[next(iter(self._windows))]

    async def succeed(self, *, account: str, client: str) -> None:
        """Drop the account's window and one attempt of the client."""
        self._windows.pop(("account", account), None)
        if window := self._windows.get(("client", client)):
            window.attempts -= 1

    def __len__(self) -> int:
        """Return the number of windows."""
        return len(self._windows)

    def _forget_ended(self, now: float) -> None:
        while self._windows and self._windows[first := next(iter(self._windows))].ends <= now:
            del self._windows[first]
