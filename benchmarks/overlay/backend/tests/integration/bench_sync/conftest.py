"""The synchronous application on the worker's database."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from backend.bench_sync import create_app, make_engine


@pytest.fixture(scope="session")
def engine(worker_db_url: str) -> Iterator[Engine]:
    """The worker's engine."""
    engine = make_engine(worker_db_url)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def client(engine: Engine) -> Iterator[TestClient]:
    """The application, started once."""
    app = create_app()
    app.state.engine = engine
    with TestClient(app) as client:
        yield client


@pytest.fixture
def db_session(engine: Engine) -> Iterator[Session]:
    """A session of the test."""
    with Session(engine, expire_on_commit=False) as session:
        yield session
