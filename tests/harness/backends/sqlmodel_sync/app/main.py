from contextlib import asynccontextmanager

from fastapi import FastAPI, HTTPException
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select, update

from app.core.config import settings
from app.core.db import SessionDep, engine, init_db
from app.models import Category, Movement, MovementCreate, Product, ProductBase, ProductPublic


@asynccontextmanager
async def lifespan(app: FastAPI):
    with Session(engine) as session:
        init_db(session)
    yield


app = FastAPI(title=settings.PROJECT_NAME, lifespan=lifespan)


@app.get("/categories")
def list_categories(session: SessionDep) -> list[Category]:
    return list(session.exec(select(Category).order_by(Category.id)))


@app.get("/products", response_model=list[ProductPublic])
def list_products(session: SessionDep):
    return session.exec(select(Product).order_by(Product.id)).all()


@app.post("/products", response_model=ProductPublic, status_code=201)
def create_product(body: ProductBase, session: SessionDep):
    product = Product.model_validate(body)
    session.add(product)
    session.commit()
    session.refresh(product)
    return product


@app.post("/products/{product_id}/movements", response_model=ProductPublic)
def move(product_id: int, body: MovementCreate, session: SessionDep):
    if session.get(Product, product_id) is None:
        raise HTTPException(404)
    change = (
        update(Product)
        .where(col(Product.id) == product_id)
        .values(stock=col(Product.stock) + body.amount)
    )
    try:
        session.exec(change)
    except IntegrityError:
        session.rollback()
        raise HTTPException(409, "There is not enough of it.") from None
    session.add(Movement(product_id=product_id, amount=body.amount))
    session.commit()
    return session.get(Product, product_id)


@app.delete("/products/{product_id}", status_code=204)
def delete_product(product_id: int, session: SessionDep) -> None:
    product = session.get(Product, product_id)
    if product is None:
        raise HTTPException(404)
    session.delete(product)
    session.commit()
