import os
from contextlib import asynccontextmanager

import asyncpg
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route


@asynccontextmanager
async def lifespan(app):
    async with asyncpg.create_pool(os.environ["LEDGER_DSN"], min_size=1, max_size=6) as pool:
        app.state.pool = pool
        yield


async def open_account(request):
    body = await request.json()
    try:
        row = await request.app.state.pool.fetchrow(
            "INSERT INTO ledger.accounts (name) VALUES ($1) RETURNING id, name, balance",
            body["name"],
        )
    except asyncpg.UniqueViolationError:
        return JSONResponse({"error": "This name is taken."}, 409)
    return JSONResponse(dict(row), 201)


async def list_accounts(request):
    rows = await request.app.state.pool.fetch("SELECT * FROM ledger.accounts ORDER BY id")
    return JSONResponse([dict(row) for row in rows])


async def transfer(request):
    body = await request.json()
    async with request.app.state.pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL lock_timeout = '2s'")
        try:
            number = await connection.fetchval(
                "INSERT INTO ledger.transfers (source, target, amount) VALUES ($1, $2, $3)"
                " RETURNING id",
                *(body[key] for key in ("source", "target", "amount")),
            )
        except (asyncpg.CheckViolationError, asyncpg.ForeignKeyViolationError) as error:
            return JSONResponse({"error": error.constraint_name}, 409)
    return JSONResponse({"id": number}, 201)


routes = [
    Route("/accounts", list_accounts),
    Route("/accounts", open_account, methods=["POST"]),
    Route("/transfers", transfer, methods=["POST"]),
]
app = Starlette(routes=routes, lifespan=lifespan)
