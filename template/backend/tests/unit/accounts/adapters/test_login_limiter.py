"""Limits on login attempts."""

import pytest

from backend.accounts.adapters.login_limiter import MemoryLoginLimiter, TooManyAttemptsError
from backend.tests.fakes.accounts.container import AUTH
from backend.tests.fakes.clock import FakeClock

SETTINGS = AUTH.model_copy(
    update={
        "login_attempts_per_account": 2,
        "login_attempts_per_client": 4,
        "login_attempts_seconds": 60,
    }
)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def limiter(clock: FakeClock) -> MemoryLoginLimiter:
    return MemoryLoginLimiter(SETTINGS, max_entries=6, clock=clock.monotonic)


async def attempts_left(limiter: MemoryLoginLimiter, *, account: str, client: str) -> int:
    """Use all remaining attempts, and return their number."""
    count = 0
    try:
        while count < 100:
            await limiter.attempt(account=account, client=client)
            count += 1
    except TooManyAttemptsError:
        pass
    return count


async def test_attempts_are_limited_per_account(
    limiter: MemoryLoginLimiter,
) -> None:
    await limiter.attempt(account="ann", client="one")
    await limiter.attempt(account="ann", client="two")
    assert await attempts_left(limiter, account="ann", client="three") == 0
    assert await attempts_left(limiter, account="bob", client="three") == 2


async def test_attempts_are_limited_per_client(
    limiter: MemoryLoginLimiter,
) -> None:
    for account in ("ann", "bob", "cleo", "dan"):
        await limiter.attempt(account=account, client="one")
    assert await attempts_left(limiter, account="eve", client="one") == 0
    assert await attempts_left(limiter, account="eve", client="two") == 2


async def test_an_attempt_that_is_refused_is_not_counted(
    limiter: MemoryLoginLimiter,
) -> None:
    assert await attempts_left(limiter, account="ann", client="one") == 2
    for _ in range(3):
        assert await attempts_left(limiter, account="ann", client="one") == 0
    assert await attempts_left(limiter, account="bob", client="one") == 2


async def test_the_limit_ends_after_the_time_in_the_refusal(
    limiter: MemoryLoginLimiter, clock: FakeClock
) -> None:
    await limiter.attempt(account="ann", client="one")
    clock.advance(20)
    await limiter.attempt(account="ann", client="one")
    for passed, seconds in ((0, "40"), (39.5, "1")):
        clock.advance(passed)
        with pytest.raises(TooManyAttemptsError) as refusal:
            await limiter.attempt(account="ann", client="one")
        assert refusal.value.headers == {"Retry-After": seconds}
    clock.advance(0.5)
    assert await attempts_left(limiter, account="ann", client="one") == 2


async def test_the_longer_wait_is_returned(limiter: MemoryLoginLimiter, clock: FakeClock) -> None:
    await attempts_left(limiter, account="ann", client="one")
    clock.advance(30)
    await attempts_left(limiter, account="bob", client="two")
    await attempts_left(limiter, account="cleo", client="two")
    with pytest.raises(TooManyAttemptsError) as refusal:
        await limiter.attempt(account="ann", client="two")
    assert refusal.value.headers == {"Retry-After": "60"}


async def test_a_login_resets_the_account_and_uncounts_one_of_the_client(
    limiter: MemoryLoginLimiter,
) -> None:
    await limiter.attempt(account="bob", client="one")
    await limiter.attempt(account="ann", client="one")
    await limiter.attempt(account="ann", client="one")
    await limiter.succeed(account="ann", client="one")
    assert await attempts_left(limiter, account="ann", client="two") == 2
    assert await attempts_left(limiter, account="cleo", client="one") == 2


async def test_memory_is_bounded_and_the_oldest_are_dropped(
    limiter: MemoryLoginLimiter,
) -> None:
    assert await attempts_left(limiter, account="ann", client="one") == 2
    for number in range(3):
        await limiter.attempt(account=f"account {number}", client=f"client {number}")
    assert len(limiter) == 6
    assert await attempts_left(limiter, account="ann", client="one") == 2


async def test_ended_windows_take_no_memory(limiter: MemoryLoginLimiter, clock: FakeClock) -> None:
    await limiter.attempt(account="ann", client="one")
    clock.advance(60)
    await limiter.attempt(account="bob", client="two")
    assert len(limiter) == 2
