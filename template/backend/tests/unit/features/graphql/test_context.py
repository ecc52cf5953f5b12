"""The context that the resolvers of one operation share."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
from starlette.requests import HTTPConnection

from backend.core.unit_of_work import UnitOfWork
from backend.features.graphql.context import Connection, OperationContext


def connection(authorization: str | None = None) -> Connection:
    headers = [(b"authorization", authorization.encode())] if authorization else []
    return Connection(HTTPConnection({"type": "http", "headers": headers, "app": None}))


@pytest.fixture
def context() -> OperationContext:
    return OperationContext(connection())


@pytest.mark.parametrize(
    ("header", "params", "token"),
    [
        ("Bearer abc", None, "abc"),
        ("bearer abc", None, "abc"),
        ("Basic abc", None, None),
        (None, None, None),
        (None, {"Authorization": "Bearer xyz"}, "xyz"),
        (None, {"Authorization": 7}, None),
        (None, ["Bearer xyz"], None),
    ],
)
def test_the_token_is_in_a_header_or_a_sockets_first_message(
    header: str | None, params: Any, token: str | None
) -> None:
    made = connection(header)
    made.connection_params = params
    assert made.token == token


async def test_concurrent_calls_share_one_result(context: OperationContext) -> None:
    asked = 0

    async def ask(_: OperationContext) -> int:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0)
        return asked

    assert list(await asyncio.gather(context.once(ask), context.once(ask))) == [1, 1]


async def test_a_failure_is_not_cached(context: OperationContext) -> None:
    answers = iter([ConnectionError(), "an answer"])

    async def ask(_: OperationContext) -> str:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return cast("str", answer)

    with pytest.raises(ConnectionError):
        await context.once(ask)
    assert await context.once(ask) == "an answer"


async def test_units_of_work_of_an_operation_wait_for_each_other(context: OperationContext) -> None:
    now_open = most = 0

    @asynccontextmanager
    async def open_unit_of_work() -> AsyncIterator[UnitOfWork]:
        nonlocal now_open, most
        now_open += 1
        most = max(most, now_open)
        yield cast("UnitOfWork", object())
        now_open -= 1

    async def resolve() -> None:
        async with context.work(open_unit_of_work):
            await asyncio.sleep(0)

    await asyncio.gather(*(resolve() for _ in range(5)))
    assert (most, now_open) == (1, 0)


async def test_loaders_batch_and_cache_until_cleared(
    context: OperationContext,
) -> None:
    batches: list[list[int]] = []

    async def double(_: OperationContext, keys: list[int]) -> list[int | BaseException]:
        batches.append(keys)
        return [2 * key for key in keys]

    async def load(key: int) -> int:
        return await context.loader(double).load(key)

    assert list(await asyncio.gather(load(1), load(2), load(1))) == [2, 4, 2]
    await load(2)
    assert batches == [[1, 2]]
    context.forget_rows()
    await load(2)
    assert batches == [[1, 2], [2]]
