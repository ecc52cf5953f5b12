"""Time, as something that is passed in: a test's clock stands still or jumps."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Tells the time, aware and in UTC."""

Monotonic = Callable[[], float]
"""Counts seconds and never goes back, such as `time.monotonic`."""


def utc_now() -> datetime:
    """Tell the time in UTC."""
    return datetime.now(UTC)
