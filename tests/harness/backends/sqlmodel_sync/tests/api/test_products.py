from concurrent.futures import ThreadPoolExecutor

from app.models import Movement, Product
from sqlmodel import func, select


def create(client, category, **fields):
    body = {"name": "white", "price": "9.90", "category_id": category.id, **fields}
    response = client.post("/products", json=body)
    assert response.status_code == 201, response.text
    return response.json()


def test_categories(client):
    names = [category["name"] for category in client.get("/categories").json()]
    assert names == ["everything", "tools", "paint"]


def test_create(client, paint, db):
    product = create(client, paint)
    assert product["stock"] == 0
    assert db.get(Product, product["id"]).name == "white"


def test_list(client, paint):
    create(client, paint)
    assert [product["name"] for product in client.get("/products").json()] == ["hammer", "white"]


def test_movements(client, db):
    hammer = client.get("/products").json()[0]
    response = client.post(f"/products/{hammer['id']}/movements", json={"amount": -4})
    assert response.json()["stock"] == 6
    assert db.exec(select(func.sum(Movement.amount))).one() == -4


def test_not_enough(client):
    response = client.post("/products/1/movements", json={"amount": -11})
    assert response.status_code == 409
    assert client.get("/products").json()[0]["stock"] == 10


def test_two_threads_do_not_sell_the_same_one(client):
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(
                lambda _: client.post("/products/1/movements", json={"amount": -3}).status_code,
                range(8),
            )
        )
    assert sorted(answers) == [200] * 3 + [409] * 5
    assert client.get("/products").json()[0]["stock"] == 1


def test_delete(client):
    assert client.delete("/products/1").status_code == 204
    assert client.get("/products").json() == []
    assert client.delete("/products/1").status_code == 404
