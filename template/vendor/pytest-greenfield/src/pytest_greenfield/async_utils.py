"""Helpers for asynchronous tests: mocks with a spec, time limits, many calls at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from unittest.mock import AsyncMock, MagicMock, create_autospec

if TYPE_CHECKING:
    import httpx2

T = TypeVar("T")

DEFAULT_TIMEOUT = 5.0
"""Seconds, where a test names no other limit."""


def _take_next(answers: Iterable[Any], exhausted: Callable[..., str]) -> Callable[..., Any]:
    """Return a function that gives the answers in order, and raises those that are exceptions."""
    remaining = iter(answers)

    def take(*args: object, **_: object) -> Any:
        try:
            given = next(remaining)
        except StopIteration:
            raise AssertionError(exhausted(*args)) from None
        if isinstance(given, BaseException):
            raise given
        return given

    return take


@dataclass
class AsyncClientMock:
    """Make an `httpx2.AsyncClient` that answers from two lists, in their order.

    An answer is an `httpx2.Response`, an exception to raise, or anything else, which becomes the
    JSON body of a 200. A request beyond the end of its list fails the test.
    """

    get_responses: Sequence[Any] = ()
    post_responses: Sequence[Any] = ()

    def client(self) -> AsyncMock:
        """Return the client: a mock with the real one's spec."""
        import httpx2

        client: AsyncMock = create_autospec(httpx2.AsyncClient, instance=True)
        client.__aenter__.return_value = client
        client.get.side_effect = _answer("GET", self.get_responses)
        client.post.side_effect = _answer("POST", self.post_responses)
        return client


def _answer(method: str, answers: Sequence[Any]) -> Callable[..., httpx2.Response]:
    import httpx2

    used = f"the mock had {len(answers)} answers for {method}, all are used"
    take = _take_next(answers, lambda url: f"{method} {url}: {used}")

    def answer(url: Any, *_: object, **__: object) -> httpx2.Response:
        given = take(url)
        response = given if isinstance(given, httpx2.Response) else httpx2.Response(200, json=given)
        response.request = httpx2.Request(method, url)  # raise_for_status() asks for it
        return response

    return answer


def create_async_session_mock(execute_results: Iterable[Any] = ()) -> AsyncMock:
    """Return a mock of SQLAlchemy's `AsyncSession`, with the real one's spec.

    Args:
        execute_results: What calls of `execute`, `scalars` and `scalar` give, in their order: a
            list is the rows of a result, an exception is raised, anything else is a single value.
    """
    from sqlalchemy.ext.asyncio import AsyncSession

    session: AsyncMock = create_autospec(AsyncSession, instance=True)
    session.__aenter__.return_value = session
    take = _take_next(execute_results, lambda *_: "the session mock has no execute_results left")
    session.execute.side_effect = lambda *_, **__: _make_result(take())
    session.scalars.side_effect = lambda *_, **__: _make_result(take()).scalars()
    session.scalar.side_effect = lambda *_, **__: _make_result(take()).scalar()
    return session


def _make_result(given: Any) -> MagicMock:
    """Return a `Result` whose rows are their own scalars."""
    from sqlalchemy import Result, ScalarResult

    rows = list(given) if isinstance(given, list | tuple) else [given]
    result: MagicMock = create_autospec(Result, instance=True)
    scalars: MagicMock = create_autospec(ScalarResult, instance=True)
    for mock in (result, scalars):
        mock.all.return_value = rows
        mock.__iter__.side_effect = lambda: iter(rows)
        for name in ("first", "one", "one_or_none", "scalar", "scalar_one", "scalar_one_or_none"):
            if hasattr(mock, name):
                getattr(mock, name).return_value = rows[0] if rows else None
    result.scalars.return_value = scalars
    result.rowcount = len(rows)
    return result


def create_mock_db_context(
    session: Any = None,
) -> Callable[[], AbstractAsyncContextManager[Any]]:
    """Return a replacement for a function that opens sessions: each call enters the same one.

    As with a real one, an exception inside leads to `rollback`, and the end to `close`.
    """
    given = create_async_session_mock() if session is None else session

    @asynccontextmanager
    async def context() -> AsyncIterator[Any]:
        try:
            yield given
        except BaseException:
            await given.rollback()
            raise
        finally:
            await given.close()

    return context


@asynccontextmanager
async def async_timeout(
    seconds: float = DEFAULT_TIMEOUT, operation: str = "the block"
) -> AsyncIterator[None]:
    """Limit a block of a test; the TimeoutError names `operation` and the seconds."""
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            yield
    except TimeoutError as error:
        if not limit.expired():
            raise  # the block's own
        raise TimeoutError(f"{operation} took longer than {seconds:g} s") from error


async def with_timeout(
    awaitable: Awaitable[T], seconds: float = DEFAULT_TIMEOUT, *, operation: str = "the operation"
) -> T:
    """Wait for something; the TimeoutError names `operation` and the seconds."""
    async with async_timeout(seconds, operation):
        return await awaitable


@dataclass(frozen=True)
class ConcurrentRun(Generic[T]):
    """The outcomes of calls that ran at once, in the order of the calls."""

    outcomes: Sequence[T | BaseException]
    seconds: float

    @property
    def results(self) -> list[T]:
        """What the calls that succeeded returned."""
        return [one for one in self.outcomes if not isinstance(one, BaseException)]

    @property
    def errors(self) -> list[BaseException]:
        """What the others raised."""
        return [one for one in self.outcomes if isinstance(one, BaseException)]

    @property
    def all_succeeded(self) -> bool:
        """Whether none raised."""
        return not self.errors


async def run_concurrent_tasks(
    tasks: Iterable[Awaitable[T]], seconds: float = DEFAULT_TIMEOUT
) -> ConcurrentRun[T]:
    """Run awaitables at once and wait for all, whatever some of them raise.

    Raises:
        TimeoutError: Not all ended within the limit; those that still ran are cancelled.
    """
    begin = perf_counter()
    async with async_timeout(seconds, "run_concurrent_tasks"):
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    return ConcurrentRun(outcomes, perf_counter() - begin)


async def simulate_concurrent_requests(
    request: Callable[[int], Awaitable[T]],
    *,
    count: int = 10,
    delay_between: float = 0.0,
    seconds: float = DEFAULT_TIMEOUT,
) -> ConcurrentRun[T]:
    """Call `request(0)` … `request(count - 1)` at once, or `delay_between` seconds apart.

    Raises:
        TimeoutError: Not all were answered within the limit.
    """

    async def start(number: int) -> T:
        if delay_between:
            await asyncio.sleep(number * delay_between)
        return await request(number)

    return await run_concurrent_tasks(map(start, range(count)), seconds)
