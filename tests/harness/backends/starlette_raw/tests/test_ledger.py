import asyncio

import anyio
import pytest
from starlette.testclient import TestClient

pytestmark = pytest.mark.anyio


async def send(client, source, target, amount):
    body = {"source": source, "target": target, "amount": amount}
    return await client.post("/transfers", json=body)


async def balances(client):
    return {row["name"]: row["balance"] for row in (await client.get("/accounts")).json()}


async def test_accounts(client):
    assert await balances(client) == {"the bank": -100, "fees": 0, "alice": 100}


async def test_open(client, alice):
    response = await client.post("/accounts", json={"name": "bob"})
    assert response.json() == {"id": alice + 1, "name": "bob", "balance": 0}


async def test_open_twice(client):
    assert (await client.post("/accounts", json={"name": "alice"})).status_code == 409


async def test_transfer(client, alice):
    response = await send(client, alice, 2, 30)
    assert response.json() == {"id": 2}
    assert await balances(client) == {"the bank": -100, "fees": 30, "alice": 70}


async def test_not_enough_money(client, alice):
    response = await send(client, alice, 2, 101)
    assert response.json() == {"error": "enough_money"}
    assert (await balances(client))["alice"] == 100


async def test_nobody(client, alice):
    assert (await send(client, alice, 99, 1)).status_code == 409


async def test_race(client, alice):
    answers = await asyncio.gather(*(send(client, alice, 2, 40) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [201, 201, 409, 409, 409]
    assert await balances(client) == {"the bank": -100, "fees": 80, "alice": 20}


async def test_listeners_are_told(client, connection, alice):
    heard = asyncio.Queue()
    await connection.add_listener("transfers", lambda *words: heard.put_nowait(words[-1]))
    await send(client, alice, 2, 1)
    with anyio.fail_after(2):
        assert await heard.get() == "2"


def test_in_another_thread(started_app):
    from ledger.app import lifespan, routes
    from starlette.applications import Starlette

    with TestClient(Starlette(routes=routes, lifespan=lifespan)) as client:
        assert client.post("/accounts", json={"name": "thread"}).status_code == 201
        assert len(client.get("/accounts").json()) == 4
