import pytest
from app.models import Movement, Product
from sqlmodel import delete, func, select


@pytest.fixture(scope="module")
def shelf(db):
    """Five products for all tests of this module."""
    products = [Product(name=f"shelf {n}", price=n, stock=1, category_id=1) for n in range(1, 6)]
    db.add_all(products)
    db.commit()
    ids = [product.id for product in products]
    yield ids
    db.exec(delete(Movement).where(Movement.product_id.in_(ids)))
    for product_id in ids:
        db.delete(db.get(Product, product_id))
    db.commit()


@pytest.mark.parametrize("place", range(5))
def test_take_one(client, db, shelf, place):
    answer = client.post(f"/products/{shelf[place]}/movements", json={"amount": -1})
    assert answer.json()["stock"] == 0
    assert db.exec(select(func.count()).select_from(Movement)).one() == 1


def test_shelf_is_full(client, shelf):
    stocks = [each["stock"] for each in client.get("/products").json() if each["id"] in shelf]
    assert stocks == [1] * 5
