"""A limit on log-in attempts, behind an interface that a shared one can fill as well."""

import math
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol

from backend.accounts.adapters.security import AuthSettings
from backend.core.clock import Monotonic
from backend.core.errors import AppError


class TooManyAttemptsError(AppError):
    """The limit is reached; `Retry-After` says when the next attempt counts."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    code = "too_many_requests"
    message = "Too many log-in attempts. Try again later."

    def __init__(self, seconds: float) -> None:
        """Keep how many seconds are left."""
        super().__init__()
        self.headers = {"Retry-After": str(max(1, math.ceil(seconds)))}


class LoginLimiter(Protocol):
    """Limits attempts for each account, whether it exists or not, and for each client."""

    async def attempt(self, *, account: str, client: str) -> None:
        """Count an attempt, before its password is looked at.

        Raises:
            TooManyAttemptsError: The account or the client has no attempt left.
        """

    async def succeed(self, *, account: str, client: str) -> None:
        """Take an attempt back that was right, and forget the account's wrong ones."""


@dataclass(slots=True)
class _Window:
    ends: float
    attempts: int = 0


class MemoryLoginLimiter:
    """Counts in this process; with several processes, each of them allows as many attempts.

    The time window of an account or a client begins with its first attempt. When there are
    `max_entries`, the oldest window is forgotten.
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
        # All windows are of one length: the first one is the first to end.
        self._windows: dict[tuple[str, str], _Window] = {}

    async def attempt(self, *, account: str, client: str) -> None:
        """Count an attempt for both, unless one of them has none left."""
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
        """Forget the account's window, and one attempt of the client."""
        self._windows.pop(("account", account), None)
        if window := self._windows.get(("client", client)):
            window.attempts -= 1

    def __len__(self) -> int:
        """Count what is remembered."""
        return len(self._windows)

    def _forget_ended(self, now: float) -> None:
        while self._windows and self._windows[first := next(iter(self._windows))].ends <= now:
            del self._windows[first]
