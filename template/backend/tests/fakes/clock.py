"""A clock that moves when a test says so."""

from datetime import UTC, datetime, timedelta


class FakeClock:
    """Tells the time when called, and seconds by `monotonic`; both move together."""

    def __init__(self, now: datetime = datetime(2026, 1, 1, 12, tzinfo=UTC)) -> None:
        """Stop at a moment."""
        self.now = now
        self._start = now

    def __call__(self) -> datetime:
        """Tell the time."""
        return self.now

    def monotonic(self) -> float:
        """Tell the seconds since the clock was made."""
        return (self.now - self._start).total_seconds()

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)
