"""The helpers of `backend.tests.async_utils` do what tests rely on."""

import asyncio

import httpx2
import pytest
from sqlalchemy import select, text

from backend.tests.async_utils import (
    AsyncClientMock,
    async_timeout,
    create_async_session_mock,
    create_mock_db_context,
    run_concurrent_tasks,
    simulate_concurrent_requests,
    with_timeout,
)


async def double(number: int) -> int:
    await asyncio.sleep(0)
    return 2 * number


async def fail() -> int:
    raise ValueError("no")


class TestAsyncClientMock:
    async def test_answers_in_order_with_json_responses_and_errors(self) -> None:
        client = AsyncClientMock(
            get_responses=[{"id": 1}, httpx2.Response(404), httpx2.ConnectError("down")],
            post_responses=[{"ok": True}],
        ).client()
        async with client as entered:
            assert (await entered.get("http://peer/1")).json() == {"id": 1}
            with pytest.raises(httpx2.HTTPStatusError):
                (await entered.get("http://peer/2")).raise_for_status()
            with pytest.raises(httpx2.ConnectError):
                await entered.get("http://peer/3")
            assert (await entered.post("http://peer", json={})).status_code == 200
        client.post.assert_awaited_once_with("http://peer", json={})

    async def test_says_when_the_answers_are_used_up(self) -> None:
        with pytest.raises(AssertionError, match="GET http://peer: the mock had 0 answers"):
            await AsyncClientMock().client().get("http://peer")

    def test_knows_only_what_the_real_client_has(self) -> None:
        with pytest.raises(AttributeError):
            AsyncClientMock().client().fetch("http://peer")


class TestSessionMock:
    async def test_gives_rows_values_and_errors_in_order(self) -> None:
        session = create_async_session_mock(
            execute_results=[["a", "b"], 7, [], RuntimeError("lost"), ["c"]]
        )
        query = select(text("1"))
        assert (await session.execute(query)).scalars().all() == ["a", "b"]
        assert (await session.execute(query)).scalar_one() == 7
        assert await session.scalar(query) is None
        with pytest.raises(RuntimeError, match="lost"):
            await session.execute(query)
        assert list(await session.scalars(query)) == ["c"]
        with pytest.raises(AssertionError, match="no execute_results left"):
            await session.execute(query)

    async def test_keeps_sync_methods_sync_and_async_ones_async(self) -> None:
        session = create_async_session_mock()
        session.add(object())
        await session.commit()
        session.add.assert_called_once()
        session.commit.assert_awaited_once_with()
        with pytest.raises(AttributeError):
            session.no_such_method()

    async def test_a_context_closes_and_rolls_back_like_the_real_one(self) -> None:
        session = create_async_session_mock()
        context = create_mock_db_context(session)
        async with context() as entered:
            assert entered is session
        session.rollback.assert_not_awaited()
        with pytest.raises(ValueError, match="no"):
            async with context():
                await fail()
        session.rollback.assert_awaited_once_with()
        assert session.close.await_count == 2


class TestTimeouts:
    async def test_returns_the_result_in_time(self) -> None:
        assert await with_timeout(double(2), operation="doubling") == 4

    async def test_names_the_operation_and_the_limit(self) -> None:
        with pytest.raises(TimeoutError, match=r"waiting for mail took longer than 0\.01 s"):
            await with_timeout(asyncio.sleep(1), 0.01, operation="waiting for mail")

    async def test_passes_on_a_timeout_of_the_block_itself(self) -> None:
        with pytest.raises(TimeoutError, match="the peer's"):
            async with async_timeout(1):
                raise TimeoutError("the peer's")


class TestConcurrency:
    async def test_keeps_the_order_of_results(self) -> None:
        run = await run_concurrent_tasks([double(1), double(2), double(3)])
        assert run.all_succeeded
        assert run.results == [2, 4, 6]

    async def test_one_error_does_not_hide_the_other_results(self) -> None:
        run = await run_concurrent_tasks([double(1), fail(), double(3)])
        assert not run.all_succeeded
        assert run.results == [2, 6]
        assert [str(error) for error in run.errors] == ["no"]

    async def test_does_not_wait_for_ever(self) -> None:
        with pytest.raises(TimeoutError, match="run_concurrent_tasks"):
            await run_concurrent_tasks([asyncio.sleep(1)], seconds=0.01)

    async def test_requests_overlap(self) -> None:
        together = asyncio.Barrier(3)

        async def request(number: int) -> int:
            async with together:
                return number

        run = await simulate_concurrent_requests(request, count=3)
        assert run.results == [0, 1, 2]

    async def test_a_delay_spreads_the_starts(self) -> None:
        run = await simulate_concurrent_requests(double, count=3, delay_between=0.01)
        assert run.all_succeeded
        assert run.seconds >= 0.02
