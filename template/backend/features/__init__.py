"""Optional slices of the application. A module here is a feature; there is no other registry.

A feature has `install(app)` (called while the app is built) and may have `lifespan(app)` (an async
context manager, entered when the app starts, after the database was made).
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol, cast, runtime_checkable

from fastapi import FastAPI

from backend.core.discovery import import_modules


class Feature(Protocol):
    """What a module of this package offers."""

    __name__: str

    def install(self, app: FastAPI) -> None:
        """Add routes, handlers and checks to an app that is being built."""


@runtime_checkable
class LivingFeature(Protocol):
    """A feature that makes something when the app starts and closes it when the app stops."""

    lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]]


_MODULES = import_modules(__name__, __path__)


def installed() -> list[Feature]:
    """Return the features that are there, in the order of their names."""
    return [cast("Feature", module) for module in _MODULES]
