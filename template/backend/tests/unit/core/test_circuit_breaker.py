"""The circuit breaker."""

import asyncio

import pytest

from backend.core.circuit_breaker import CircuitBreaker, CircuitOpenError, CircuitState
from backend.tests.fakes.clock import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def breaker(clock: FakeClock) -> CircuitBreaker:
    return CircuitBreaker(
        failures=(ConnectionError,), threshold=3, reset_after=30, clock=clock.monotonic
    )


async def succeed(breaker: CircuitBreaker) -> None:
    async with breaker.guard():
        pass


async def fail(breaker: CircuitBreaker, error: type[BaseException] = ConnectionError) -> None:
    with pytest.raises(error):
        async with breaker.guard():
            raise error


async def open_it(breaker: CircuitBreaker) -> None:
    for _ in range(3):
        await fail(breaker)


async def test_it_stays_closed_below_the_threshold(breaker: CircuitBreaker) -> None:
    await fail(breaker)
    await fail(breaker)
    assert breaker.state is CircuitState.CLOSED


async def test_a_success_between_failures_starts_the_count_anew(breaker: CircuitBreaker) -> None:
    await fail(breaker)
    await fail(breaker)
    await succeed(breaker)
    await fail(breaker)
    await fail(breaker)
    assert breaker.state is CircuitState.CLOSED


async def test_it_opens_at_the_threshold_and_says_for_how_long(
    breaker: CircuitBreaker, clock: FakeClock
) -> None:
    await open_it(breaker)
    assert breaker.state is CircuitState.OPEN
    clock.advance(10)
    with pytest.raises(CircuitOpenError) as refused:
        await succeed(breaker)
    assert refused.value.retry_after == pytest.approx(20)


@pytest.mark.parametrize("error", [ValueError, asyncio.CancelledError])
async def test_other_exceptions_do_not_count(
    breaker: CircuitBreaker, error: type[BaseException]
) -> None:
    for _ in range(5):
        await fail(breaker, error)
    assert breaker.state is CircuitState.CLOSED


class TestHalfOpen:
    @pytest.fixture(autouse=True)
    async def half_open(self, breaker: CircuitBreaker, clock: FakeClock) -> None:
        await open_it(breaker)
        clock.advance(30)
        assert breaker.state is CircuitState.HALF_OPEN

    async def test_a_success_closes_it(self, breaker: CircuitBreaker) -> None:
        await succeed(breaker)
        assert breaker.state is CircuitState.CLOSED

    async def test_one_failure_opens_it_again(self, breaker: CircuitBreaker) -> None:
        await fail(breaker)
        assert breaker.state is CircuitState.OPEN

    async def test_only_one_call_tries(self, breaker: CircuitBreaker) -> None:
        async with breaker.guard():
            with pytest.raises(CircuitOpenError):
                await succeed(breaker)
        assert breaker.state is CircuitState.CLOSED

    async def test_a_cancelled_try_lets_the_next_one_try(self, breaker: CircuitBreaker) -> None:
        await fail(breaker, asyncio.CancelledError)
        await succeed(breaker)
        assert breaker.state is CircuitState.CLOSED
