from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import settings
from app.models import Note, Role, User


async def get_user(session: AsyncSession, email: str) -> User | None:
    return await session.scalar(select(User).where(User.email == email))


async def create_user(
    session: AsyncSession, email: str, role: str = "reader", is_superuser: bool = False
) -> User:
    role_id = await session.scalar(select(Role.id).where(Role.name == role))
    user = User(email=email, role_id=role_id, is_superuser=is_superuser)
    session.add(user)
    await session.commit()
    return user


async def create_note(session: AsyncSession, owner: User, title: str) -> Note:
    note = Note(title=title, owner_id=owner.id)
    session.add(note)
    await session.commit()
    await session.refresh(note)
    return note


async def init_db(session: AsyncSession) -> User:
    user = await get_user(session, settings.FIRST_SUPERUSER)
    if user is None:
        user = await create_user(session, settings.FIRST_SUPERUSER, "admin", is_superuser=True)
    return user
