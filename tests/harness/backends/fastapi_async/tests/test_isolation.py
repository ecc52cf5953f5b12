"""Whatever the order of the tests, each one finds what the migrations and the first user left."""

import asyncpg
import pytest
from app import crud
from app.core import settings
from app.models import Note, Role, User
from sqlalchemy import delete, func, select, text
from sqlalchemy.ext.asyncio import create_async_engine


async def count(session, model):
    return await session.scalar(select(func.count()).select_from(model))


async def connect():
    return await asyncpg.connect(
        host=settings.POSTGRES_SERVER,
        port=settings.POSTGRES_PORT,
        user=settings.POSTGRES_USER,
        password=settings.POSTGRES_PASSWORD,
        database=settings.POSTGRES_DB,
    )


@pytest.mark.parametrize("time", ["once", "again"])
async def test_rows_and_ids_start_anew(db_session, first_superuser, time):
    assert await count(db_session, User) == 1
    assert await count(db_session, Note) == 0
    note = await crud.create_note(db_session, first_superuser, f"written {time}")
    assert note.id == 1
    user = await crud.create_user(db_session, "same@example.com")
    assert user.id == first_superuser.id + 1


@pytest.mark.parametrize("time", ["once", "again"])
async def test_truncated_tables_are_filled_again(db_session, time):
    assert await count(db_session, Role) == 3
    await db_session.execute(text("TRUNCATE roles, users, notes RESTART IDENTITY"))
    await db_session.commit()
    assert await count(db_session, Role) == 0


@pytest.mark.parametrize("time", ["once", "again"])
async def test_rows_of_migrations_come_back(db_session, first_superuser, time):
    await db_session.execute(text("UPDATE roles SET name = upper(name)"))
    await db_session.execute(delete(User))
    await db_session.commit()
    assert list(await db_session.scalars(select(Role.name).order_by(Role.id))) == [
        "READER",
        "EDITOR",
        "ADMIN",
    ]
    assert await crud.get_user(db_session, first_superuser.email) is None


@pytest.mark.parametrize("time", ["once", "again"])
async def test_an_engine_of_its_own(time):
    engine = create_async_engine(settings.database_uri)
    async with engine.begin() as connection:
        added = await connection.execute(
            text("INSERT INTO users (email, role_id) VALUES ('own@example.com', 1) RETURNING id")
        )
        assert added.scalar_one() == 2
    await engine.dispose()


@pytest.mark.parametrize("time", ["once", "again"])
async def test_a_connection_of_asyncpg(time):
    connection = await connect()
    assert await connection.fetchval("SELECT count(*) FROM users") == 1
    assert await connection.fetchval("SELECT nextval('users_id_seq')") == 2
    async with connection.transaction():
        await connection.execute("INSERT INTO roles (name) VALUES ('guest')")
    await connection.close()
