"""A clock that a test controls."""

from datetime import UTC, datetime, timedelta


class FakeClock:
    """Returns the time when called, and seconds from `monotonic`; both advance together."""

    def __init__(self, now: datetime = datetime(2026, 1, 1, 12, tzinfo=UTC)) -> None:
        """Start at a given time."""
        self.now = now
        self._start = now

    def __call__(self) -> datetime:
        """Return the time."""
        return self.now

    def monotonic(self) -> float:
        """Return the seconds since the clock was created."""
        return (self.now - self._start).total_seconds()

    def advance(self, seconds: float) -> None:
        """Advance the clock."""
        self.now += timedelta(seconds=seconds)
