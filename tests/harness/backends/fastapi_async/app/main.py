from typing import Annotated

from fastapi import Depends, FastAPI, Header, HTTPException
from pydantic import BaseModel, ConfigDict
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app import crud
from app.core import get_db
from app.models import Note, User

app = FastAPI(title="notebook")
Session = Annotated[AsyncSession, Depends(get_db)]


async def current_user(session: Session, x_user: Annotated[str, Header()]) -> User:
    user = await crud.get_user(session, x_user)
    if user is None:
        raise HTTPException(401)
    return user


CurrentUser = Annotated[User, Depends(current_user)]


class UserIn(BaseModel):
    email: str
    role: str = "reader"


class UserOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: int
    email: str
    is_superuser: bool


class NoteIn(BaseModel):
    title: str


class NoteOut(NoteIn):
    model_config = ConfigDict(from_attributes=True)
    id: int
    owner_id: int


@app.post("/users", status_code=201)
async def create_user(body: UserIn, session: Session, user: CurrentUser) -> UserOut:
    if not user.is_superuser:
        raise HTTPException(403)
    try:
        created = await crud.create_user(session, body.email, body.role)
    except IntegrityError:
        raise HTTPException(409, "This e-mail address is taken.") from None
    return UserOut.model_validate(created)


@app.get("/users")
async def list_users(session: Session, user: CurrentUser) -> list[UserOut]:
    users = await session.scalars(select(User).order_by(User.id))
    return [UserOut.model_validate(each) for each in users]


@app.delete("/users/{user_id}", status_code=204)
async def delete_user(user_id: int, session: Session, user: CurrentUser) -> None:
    if not user.is_superuser:
        raise HTTPException(403)
    found = await session.get(User, user_id)
    if found is None:
        raise HTTPException(404)
    await session.delete(found)
    await session.commit()


@app.post("/notes", status_code=201)
async def create_note(body: NoteIn, session: Session, user: CurrentUser) -> NoteOut:
    return NoteOut.model_validate(await crud.create_note(session, user, body.title))


@app.get("/notes")
async def list_notes(session: Session, user: CurrentUser) -> list[NoteOut]:
    notes = await session.scalars(select(Note).where(Note.owner_id == user.id).order_by(Note.id))
    return [NoteOut.model_validate(each) for each in notes]
