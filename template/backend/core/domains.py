"""The parts of the application that are found by their folders; there is no other registry.

- A domain is a folder beside `core` that has a `domain.py`.
- A feature is a folder in `features/` that has a `feature.py`. It knows the domains, they do not
  know it: `app.state.NAME = replace(app.state.NAME, …)` exchanges a part of a domain.

Both modules have `install(app)`, called while the app is built, and may have `lifespan(app)`, an
async context manager that is entered when the app starts, after the database was made: those of
domains first. `features/NAME/DOMAIN.py` is what a feature does for one domain, if that is there.
"""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast, runtime_checkable

from fastapi import FastAPI
from sqlalchemy import MetaData

from backend.core.models import Base

BACKEND = Path(__file__).parents[1]


class Part(Protocol):
    """What a `domain.py` or `feature.py` offers."""

    __name__: str

    def install(self, app: FastAPI) -> None:
        """Add routes, handlers and checks to an app that is being built."""


@runtime_checkable
class PartWithLifespan(Protocol):
    """A part that makes something when the app starts and closes it when the app stops."""

    lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]]


def find_domains() -> list[str]:
    """Return the names of the domains, sorted."""
    return sorted(path.parent.name for path in BACKEND.glob("*/domain.py"))


def find_features() -> list[str]:
    """Return the names of the features, sorted."""
    return sorted(path.parent.name for path in BACKEND.glob("features/*/feature.py"))


@cache  # an application looks for them each time that it starts, in tests once a test
def load_parts() -> tuple[Part, ...]:
    """Import the domains and then the features, each in the order of their names."""
    names = [f"{name}.domain" for name in find_domains()]
    names += [f"features.{name}.feature" for name in find_features()]
    return tuple(cast("Part", import_module(f"{BACKEND.name}.{name}")) for name in names)


@asynccontextmanager
async def running(parts: Iterable[Part], app: FastAPI) -> AsyncIterator[None]:
    """Enter the lifespans that parts have, in their order."""
    async with AsyncExitStack() as stack:
        for part in parts:
            if isinstance(part, PartWithLifespan):
                await stack.enter_async_context(part.lifespan(app))
        yield


def load_metadata() -> MetaData:
    """Import the models of all domains and features, and return the tables of all of them."""
    parts = [BACKEND / name for name in find_domains()]
    parts += sorted(path for name in find_domains() for path in BACKEND.glob(f"features/*/{name}"))
    parts += [BACKEND / "features" / name for name in find_features()]
    for models in (part / "models" for part in parts):
        if (models / "__init__.py").is_file():
            import_module(".".join(models.relative_to(BACKEND.parent).parts))
    return Base.metadata
