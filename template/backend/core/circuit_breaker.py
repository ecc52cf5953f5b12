"""What keeps a failing neighbour from taking us down with it.

A breaker of our own: the asyncio libraries read the wall clock, which tests cannot move, let every
waiting call through at once when they try again, and count a cancelled request as a failure.
"""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import StrEnum

from backend.core.clock import Monotonic


class CircuitState(StrEnum):
    """Closed: calls pass. Open: calls are refused. Half open: one call tries."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class CircuitOpenError(Exception):
    """The call was not made. `retry_after` seconds from now it may be."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"The circuit is open for another {retry_after:.1f} s.")
        self.retry_after = retry_after


class CircuitBreaker:
    """Refuses calls for a while after several failures in a row.

    Only the exceptions in `failures` count: a request that the other side understood and refused
    says that it works.
    """

    def __init__(
        self,
        *,
        failures: tuple[type[Exception], ...],
        threshold: int = 5,
        reset_after: float = 30.0,
        clock: Monotonic = time.monotonic,
    ) -> None:
        """Make a closed circuit.

        Args:
            failures: What counts as a failure.
            threshold: So many failures in a row open the circuit.
            reset_after: Seconds until one call may try again.
            clock: Counts seconds.
        """
        self._failures = failures
        self._threshold = threshold
        self._reset_after = reset_after
        self._clock = clock
        self._count = 0
        self._opened_at: float | None = None
        self._trying = False

    @property
    def state(self) -> CircuitState:
        """What would happen to a call now."""
        if self._opened_at is None:
            return CircuitState.CLOSED
        if self._trying or self._remaining() > 0:
            return CircuitState.OPEN
        return CircuitState.HALF_OPEN

    @asynccontextmanager
    async def guard(self) -> AsyncIterator[None]:
        """Wrap one call.

        Raises:
            CircuitOpenError: The call must not be made now.
        """
        trying = self._enter()
        try:
            yield
        except self._failures:
            self._on_failure()
            raise
        else:
            self._on_success()
        finally:
            # Also after a cancellation, or nobody would ever try again.
            if trying:
                self._trying = False

    def _remaining(self) -> float:
        if self._opened_at is None:
            return 0.0
        return max(0.0, self._opened_at + self._reset_after - self._clock())

    def _enter(self) -> bool:
        match self.state:
            case CircuitState.OPEN:
                # While one call tries, nobody knows for how long: ask again in a second.
                raise CircuitOpenError(self._remaining() or 1.0)
            case CircuitState.HALF_OPEN:
                self._trying = True
        return self._trying

    def _on_failure(self) -> None:
        self._count += 1
        if self._count >= self._threshold:
            self._opened_at = self._clock()

    def _on_success(self) -> None:
        self._count = 0
        self._opened_at = None
