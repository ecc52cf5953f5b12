"""Whatever the order of the tests, each one finds what the migrations and `alice` left."""

import os
import subprocess
import sys

import asyncpg
import pytest

pytestmark = pytest.mark.anyio
twice = pytest.mark.parametrize("time", ["once", "again"])


@twice
async def test_rows_and_ids_start_anew(connection, alice, time):
    assert await connection.fetchval("SELECT count(*) FROM ledger.accounts") == 3
    assert await connection.fetchval("SELECT count(*) FROM ledger.transfers") == 1
    added = "INSERT INTO ledger.accounts (name) VALUES ('zoe') RETURNING id"
    assert await connection.fetchval(added) == alice + 1
    added = "INSERT INTO ledger.transfers (source, target, amount) VALUES (1, 2, 5) RETURNING id"
    assert await connection.fetchval(added) == 2


@twice
async def test_truncated_tables_are_filled_again(connection, time):
    assert await connection.fetchval("SELECT count(*) FROM ledger.accounts") == 3
    await connection.execute("TRUNCATE ledger.accounts, ledger.transfers, applied")
    assert await connection.fetchval("SELECT count(*) FROM ledger.accounts") == 0


@twice
async def test_rows_of_partitions_come_back(connection, time):
    assert await connection.fetchval("SELECT sum(amount) FROM ledger.transfers_new") == 100
    await connection.execute("TRUNCATE ledger.transfers_new")
    await connection.execute(
        "INSERT INTO ledger.transfers_old (at, source, target, amount)"
        " VALUES ('2020-02-02', 1, 2, 9)"
    )
    assert await connection.fetchval("SELECT sum(amount) FROM ledger.transfers") == 9


@twice
async def test_balances_come_back(connection, time):
    assert await connection.fetchval("SELECT balance FROM ledger.accounts WHERE id = 1") == -100
    await connection.execute("UPDATE ledger.accounts SET balance = 7, name = 'us' WHERE id = 1")
    await connection.execute("DELETE FROM ledger.accounts WHERE name = 'fees'")


@twice
async def test_a_pool_of_its_own(time):
    async with asyncpg.create_pool(os.environ["LEDGER_DSN"], min_size=2, max_size=2) as pool:
        assert await pool.fetchval("SELECT count(*) FROM ledger.accounts") == 3
        await pool.execute("INSERT INTO ledger.accounts (name) VALUES ('pool')")


SCRIPT = """
import asyncio, asyncpg, os

async def main():
    connection = await asyncpg.connect(os.environ["LEDGER_DSN"])
    added = "INSERT INTO ledger.accounts (name) VALUES ('script') RETURNING id"
    print(await connection.fetchval(added))

asyncio.run(main())
"""


@twice
def test_another_process(time):
    command = [sys.executable, "-c", SCRIPT]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "4"
