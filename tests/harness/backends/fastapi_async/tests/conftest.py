import pytest
import pytest_asyncio
from app import crud
from app.core import SessionLocal, engine, settings
from app.main import app
from httpx import ASGITransport, AsyncClient


@pytest_asyncio.fixture(scope="session", autouse=True)
async def first_superuser():
    async with SessionLocal() as session:
        user = await crud.init_db(session)
    yield user
    await engine.dispose()


@pytest_asyncio.fixture
async def db_session():
    async with SessionLocal() as session:
        yield session


@pytest_asyncio.fixture
async def client():
    async with AsyncClient(transport=ASGITransport(app=app), base_url="http://test") as client:
        yield client


@pytest.fixture
def superuser_headers():
    return {"X-User": settings.FIRST_SUPERUSER}


@pytest_asyncio.fixture
async def reader(db_session):
    return await crud.create_user(db_session, "reader@example.com")
