import pytest


@pytest.fixture(scope="session")
def db():
    from app.core.db import engine, init_db
    from app.models import Movement, Product
    from sqlmodel import Session, delete

    with Session(engine) as session:
        init_db(session)
        yield session
        session.rollback()
        session.exec(delete(Movement))
        session.exec(delete(Product))
        session.commit()


@pytest.fixture(scope="module")
def client(db):
    from app.main import app
    from fastapi.testclient import TestClient

    with TestClient(app) as client:
        yield client


@pytest.fixture
def paint(db):
    from app.models import Category
    from sqlmodel import select

    return db.exec(select(Category).where(Category.name == "paint")).one()
