"""The benchmark's routes once more, for a synchronous application on psycopg."""

from collections.abc import Iterator
from typing import Annotated
from uuid import UUID

from fastapi import Depends, FastAPI, HTTPException, Request
from sqlalchemy import Engine, create_engine, func, make_url, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from backend.bench.api.routes.bench import ItemIn, ItemOut
from backend.bench.models.bench import Item


def make_engine(url: str) -> Engine:
    """Return an engine with the pool that the asynchronous application has."""
    return create_engine(
        make_url(url).set(drivername="postgresql+psycopg"), pool_size=5, max_overflow=2
    )


def get_session(request: Request) -> Iterator[Session]:
    """Open the request's session."""
    with Session(request.app.state.engine, expire_on_commit=False) as session:
        yield session


SessionDep = Annotated[Session, Depends(get_session, scope="function")]


def create_app() -> FastAPI:
    """Build the application; it uses `app.state.engine`."""
    app = FastAPI()

    @app.post("/items", status_code=201, response_model=ItemOut)
    def create(body: ItemIn, session: SessionDep) -> Item:
        item = Item(name=body.name, price=body.price)
        session.add(item)
        try:
            session.commit()
        except IntegrityError as error:
            raise HTTPException(409, "This name is taken.") from error
        return item

    @app.get("/items/{item_id}", response_model=ItemOut)
    def read(item_id: UUID, session: SessionDep) -> Item:
        item = session.get(Item, item_id)
        if item is None:
            raise HTTPException(404, "There is no such item.")
        return item

    @app.get("/items")
    def count(session: SessionDep) -> int:
        return session.scalar(select(func.count()).select_from(Item)) or 0

    return app
