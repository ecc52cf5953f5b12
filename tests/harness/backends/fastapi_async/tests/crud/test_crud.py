import pytest
from app import crud
from app.models import Note, User
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError


async def test_init_db_twice_makes_one_superuser(db_session):
    await crud.init_db(db_session)
    assert await db_session.scalar(select(func.count()).where(User.is_superuser)) == 1


async def test_duplicate_email(db_session):
    with pytest.raises(IntegrityError):
        await crud.create_user(db_session, "admin@example.com")
    await db_session.rollback()
    assert await crud.get_user(db_session, "admin@example.com")


async def test_flush_without_commit(db_session, first_superuser):
    db_session.add(Note(title="draft", owner_id=first_superuser.id))
    await db_session.flush()
    assert await db_session.scalar(select(func.count()).select_from(Note)) == 1


async def test_delete_cascades(db_session, reader):
    await crud.create_note(db_session, reader, "soon gone")
    await db_session.delete(reader)
    await db_session.commit()
    assert await db_session.scalar(select(func.count()).select_from(Note)) == 0
