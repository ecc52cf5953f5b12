"""The DELETE recipe for a synchronous application: a new engine, DELETE before and after."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from backend.bench.models import Base
from backend.bench_sync import create_app, make_engine

pytest_plugins = ("recipes.worker",)

ORDER = list(reversed(Base.metadata.sorted_tables))


@pytest.fixture
def engine(worker_url: str) -> Iterator[Engine]:
    """An engine of the test's own, on empty tables."""
    engine = make_engine(worker_url)
    delete_all(engine)
    yield engine
    delete_all(engine)
    engine.dispose()


def delete_all(engine: Engine) -> None:
    """Empty the tables, those that refer to others first, in one transaction."""
    with engine.begin() as connection:
        for table in ORDER:
            connection.execute(table.delete())


@pytest.fixture(scope="session")
def running_client() -> Iterator[TestClient]:
    """The application, started once."""
    with TestClient(create_app()) as client:
        yield client


@pytest.fixture
def client(running_client: TestClient, engine: Engine) -> TestClient:
    """A client on the application, which uses the test's engine."""
    running_client.app.state.engine = engine  # type: ignore[attr-defined]
    return running_client


@pytest.fixture
def db_session(engine: Engine) -> Iterator[Session]:
    """A session of the test."""
    with Session(engine, expire_on_commit=False) as session:
        yield session
