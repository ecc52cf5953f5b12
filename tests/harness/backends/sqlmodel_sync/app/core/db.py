from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends
from sqlmodel import Session, create_engine, select

from app.core.config import settings
from app.models import Category, Product

engine = create_engine(str(settings.SQLALCHEMY_DATABASE_URI))


def get_session() -> Iterator[Session]:
    with Session(engine) as session:
        yield session


SessionDep = Annotated[Session, Depends(get_session)]


def init_db(session: Session) -> None:
    if not session.exec(select(Product).where(Product.name == "hammer")).first():
        tools = session.exec(select(Category).where(Category.name == "tools")).one()
        session.add(Product(name="hammer", price=12, stock=10, category_id=tools.id))
        session.commit()
