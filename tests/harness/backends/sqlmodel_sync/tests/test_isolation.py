"""Whatever the order of the tests, each one finds what the migrations and `db` left."""

import psycopg
import pytest
from app.core.config import settings
from app.models import Category, Movement, Product
from sqlalchemy import create_engine, text
from sqlmodel import Session, func, select

twice = pytest.mark.parametrize("time", ["once", "again"])


def count(session, model):
    return session.exec(select(func.count()).select_from(model)).one()


@twice
def test_rows_and_ids_start_anew(db, time):
    assert (count(db, Category), count(db, Product), count(db, Movement)) == (3, 1, 0)
    hammer = db.exec(select(Product)).one()
    product = Product(name=f"written {time}", price=1, category_id=1)
    db.add(product)
    db.add(Movement(product_id=hammer.id, amount=1))
    db.commit()
    assert product.id == hammer.id + 1


@twice
def test_truncated_tables_are_filled_again(db, time):
    assert count(db, Category) == 3
    db.exec(text("TRUNCATE category CASCADE"))
    db.commit()
    assert (count(db, Category), count(db, Product)) == (0, 0)


@twice
def test_rows_that_others_made_are_changed(db, client, time):
    hammer = db.exec(select(Product)).one()
    assert (hammer.name, hammer.stock) == ("hammer", 10)
    hammer.name = f"axe {time}"
    db.add(hammer)
    db.exec(select(Category).where(Category.id == 3)).one().name = time
    db.commit()
    assert client.get("/products").json()[0]["name"] == f"axe {time}"


@twice
def test_an_engine_of_its_own(db, time):
    engine = create_engine(str(settings.SQLALCHEMY_DATABASE_URI))
    with Session(engine) as session:
        session.add(Category(name="own", parent_id=2))
        session.commit()
        assert session.exec(select(Category.id).where(Category.name == "own")).one() == 4
    engine.dispose()


@twice
def test_a_plain_connection_and_none_of_the_fixtures(time):
    url = str(settings.SQLALCHEMY_DATABASE_URI).replace("+psycopg", "")
    with psycopg.connect(url, autocommit=True) as connection:
        added = connection.execute("INSERT INTO category (name) VALUES ('raw') RETURNING id")
        assert added.fetchone() == (4,)
