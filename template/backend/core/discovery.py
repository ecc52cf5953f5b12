"""Finding the modules of a package, so that adding a file is all that registering takes."""

import pkgutil
from collections.abc import Iterable
from importlib import import_module
from types import ModuleType


def import_modules(package: str, path: Iterable[str]) -> list[ModuleType]:
    """Import every module directly inside a package.

    Args:
        package: The package's dotted name (`__name__` in its `__init__`).
        path: The package's folders (`__path__` in its `__init__`).

    Returns:
        The modules in the order of their names, so that every machine sees the same order.
    """
    names = sorted(module.name for module in pkgutil.iter_modules(path))
    return [import_module(f"{package}.{name}") for name in names]
