"""Finding the modules of a package, so that adding a file is all that registering takes."""

import pkgutil
from collections.abc import Iterable
from importlib import import_module
from types import ModuleType


def import_modules(package: str, path: Iterable[str]) -> list[ModuleType]:
    """Import the modules of a package (its `__name__` and `__path__`), in the order of names."""
    names = sorted(module.name for module in pkgutil.iter_modules(path))
    return [import_module(f"{package}.{name}") for name in names]
