"""The benchmark's routes."""

from uuid import UUID, uuid4

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from backend.bench.models.bench import Item, Part
from backend.core.api.dependencies import SessionDep
from backend.core.errors import ConflictError, NotFoundError

router = APIRouter(prefix="/items", tags=["bench"])


class ItemIn(BaseModel):
    """An item to be made."""

    name: str = Field(min_length=1, max_length=80)
    price: int = Field(gt=0)


class ItemOut(ItemIn):
    """An item."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID


@router.post("", status_code=201, response_model=ItemOut)
async def create(body: ItemIn, session: SessionDep) -> Item:
    """Make an item; a name that is taken is a conflict."""
    item = Item(name=body.name, price=body.price)
    session.add(item)
    try:
        await session.commit()
    except IntegrityError as error:
        await session.rollback()
        raise ConflictError("This name is taken.") from error
    return item


@router.post("/pairs", status_code=201, response_model=ItemOut)
async def create_pair(body: ItemIn, session: SessionDep) -> Item:
    """Make an item and a part of it: two tables in one transaction."""
    item = Item(id=uuid4(), name=body.name, price=body.price)
    session.add(item)
    await session.flush()
    session.add(Part(item_id=item.id))
    await session.commit()
    return item


@router.get("/{item_id}", response_model=ItemOut)
async def read(item_id: UUID, session: SessionDep) -> Item:
    """Read an item."""
    item = await session.get(Item, item_id)
    if item is None:
        raise NotFoundError("There is no such item.")
    return item


@router.get("")
async def count(session: SessionDep) -> int:
    """Count the items."""
    return await session.scalar(select(func.count()).select_from(Item)) or 0
