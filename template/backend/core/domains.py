"""The domains of the application: the folders beside `core` that have a `domain.py`.

There is no other registry: a domain is added by adding its folder, and removed by deleting it.
`domain.py` has `install(app)`, called while the app is built, and may have `lifespan(app)`, an
async context manager that is entered when the app starts, after the database was made.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol, cast, runtime_checkable

from fastapi import FastAPI
from sqlalchemy import MetaData

from backend.core.models import Base

BACKEND = Path(__file__).parents[1]


class Domain(Protocol):
    """What a `domain.py` offers."""

    __name__: str

    def install(self, app: FastAPI) -> None:
        """Add routes, handlers and checks to an app that is being built."""


@runtime_checkable
class DomainWithLifespan(Protocol):
    """A domain that makes something when the app starts and closes it when the app stops."""

    lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]]


def find_domains() -> list[str]:
    """Return the names of the domains, sorted."""
    return sorted(path.parent.name for path in BACKEND.glob("*/domain.py"))


def load_domains() -> list[Domain]:
    """Import the domains, in the order of their names."""
    return [
        cast("Domain", import_module(f"{BACKEND.name}.{name}.domain")) for name in find_domains()
    ]


def load_metadata() -> MetaData:
    """Import the models of all domains, and return the tables of all of them."""
    for name in find_domains():
        package = f"{BACKEND.name}.{name}.models"
        if find_spec(package):
            import_module(package)
    return Base.metadata
