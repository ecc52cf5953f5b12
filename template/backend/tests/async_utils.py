"""Helpers for asynchronous tests: mocks with a spec, time limits, many calls at once.

Prefer a fake from `fakes/` where there is one; a mock is for a collaborator that a test sees once.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from unittest.mock import AsyncMock, MagicMock, create_autospec

if TYPE_CHECKING:
    import httpx2
    from sqlalchemy.ext.asyncio import AsyncSession

T = TypeVar("T")

DEFAULT_TIMEOUT = 5.0
"""Seconds, where a test names no other limit."""


@dataclass
class AsyncClientMock:
    """Make an `httpx2.AsyncClient` that answers from two lists, in their order.

    An answer is an `httpx2.Response`, an exception to raise, or anything else, which becomes the
    JSON body of a 200. A request beyond the end of its list fails the test.
    """

    get_responses: Sequence[Any] = ()
    post_responses: Sequence[Any] = ()

    def client(self) -> AsyncMock:
        """The client: an AsyncMock with httpx2's spec, for `client.get.assert_awaited_once()`."""
        import httpx2

        client: AsyncMock = create_autospec(httpx2.AsyncClient, instance=True)
        client.__aenter__.return_value = client
        client.get.side_effect = _answers("GET", self.get_responses)
        client.post.side_effect = _answers("POST", self.post_responses)
        return client


def _answers(method: str, answers: Sequence[Any]) -> Callable[..., httpx2.Response]:
    remaining = iter(answers)

    def answer(url: Any, *_: object, **__: object) -> httpx2.Response:
        import httpx2

        try:
            given = next(remaining)
        except StopIteration:
            raise AssertionError(
                f"{method} {url}: the mock had {len(answers)} answers for {method}, all are used"
            ) from None
        if isinstance(given, BaseException) or (
            isinstance(given, type) and issubclass(given, BaseException)
        ):
            raise given
        if isinstance(given, httpx2.Response):
            given.request = httpx2.Request(method, url)  # raise_for_status() asks for it
            return given
        return httpx2.Response(200, json=given, request=httpx2.Request(method, url))

    return answer


def create_async_session_mock(execute_results: Iterable[Any] = ()) -> AsyncMock:
    """An `AsyncSession` for a unit test, with the real one's spec.

    Args:
        execute_results: What the calls of `execute`, `scalars` and `scalar` give, in their order: a
            list is the rows of a result, an exception is raised, anything else is a single value.

    Returns:
        A mock; `session.add.assert_called_once()` and `session.commit.assert_awaited_once()` work.
    """
    from sqlalchemy.ext.asyncio import AsyncSession

    session: AsyncMock = create_autospec(AsyncSession, instance=True)
    session.__aenter__.return_value = session
    remaining = iter(execute_results)

    def next_result(*_: object, **__: object) -> Any:
        try:
            given = next(remaining)
        except StopIteration:
            raise AssertionError("the session mock has no execute_results left") from None
        if isinstance(given, BaseException):
            raise given
        return given

    session.execute.side_effect = lambda *a, **k: _result(next_result(*a, **k))
    session.scalars.side_effect = lambda *a, **k: _result(next_result(*a, **k)).scalars()
    session.scalar.side_effect = lambda *a, **k: _result(next_result(*a, **k)).scalar()
    return session


def _result(given: Any) -> MagicMock:
    """A `Result` whose rows are their own scalars."""
    from sqlalchemy import Result, ScalarResult

    rows = list(given) if isinstance(given, list | tuple) else [given]
    first = rows[0] if rows else None
    result: MagicMock = create_autospec(Result, instance=True)
    scalars: MagicMock = create_autospec(ScalarResult, instance=True)
    for mock in (result, scalars):
        mock.all.return_value = rows
        mock.first.return_value = first
        mock.one_or_none.return_value = first
        mock.one.return_value = first
        mock.__iter__.side_effect = lambda: iter(rows)
    result.scalars.return_value = scalars
    for name in ("scalar", "scalar_one", "scalar_one_or_none"):
        getattr(result, name).return_value = first
    result.rowcount = len(rows)
    return result


def create_mock_db_context(
    session: AsyncSession | AsyncMock | None = None,
) -> Callable[[], AbstractAsyncContextManager[Any]]:
    """A stand-in for `Database.session`: each call enters with the same session.

    As with the real one, an exception inside leads to `rollback`, and the end to `close`.
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
    """Limit a block of a test.

    Raises:
        TimeoutError: the block took longer; the message names `operation` and the seconds.
    """
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
    """Wait for something, but not for ever.

    Raises:
        TimeoutError: it took longer; the message names `operation` and the seconds.
    """
    async with async_timeout(seconds, operation):
        return await awaitable


@dataclass
class ConcurrentRun(Generic[T]):
    """What became of calls that ran at once. Results and errors keep the order of the calls."""

    outcomes: list[T | BaseException] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def results(self) -> list[T]:
        """What the calls that succeeded gave."""
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
        TimeoutError: not all ended within so many seconds; those that run are cancelled.
    """
    begin = perf_counter()
    async with async_timeout(seconds, "run_concurrent_tasks"):
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    return ConcurrentRun(list(outcomes), perf_counter() - begin)


async def simulate_concurrent_requests(
    request: Callable[[int], Awaitable[T]],
    *,
    count: int = 10,
    delay_between: float = 0.0,
    seconds: float = DEFAULT_TIMEOUT,
) -> ConcurrentRun[T]:
    """Call `request(0)` … `request(count - 1)` at once, as so many users would.

    Args:
        request: Makes one request; its argument is the request's number.
        count: How many.
        delay_between: Seconds from one start to the next; 0 starts all together.
        seconds: The limit for all of them.

    Raises:
        TimeoutError: not all were answered in time.
    """

    async def one(number: int) -> T:
        if delay_between:
            await asyncio.sleep(number * delay_between)
        return await request(number)

    return await run_concurrent_tasks((one(number) for number in range(count)), seconds)
