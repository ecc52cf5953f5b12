"""Load a feature's packages for the domains of this project; they have the domains' names.

`feature` is the feature's package: `__package__` in its `feature.py`.
"""

from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import cast

from fastapi import FastAPI

from backend.core.domains import Part, find_domains, running


@cache  # as in core/domains.py
def load_for_domains(feature: str) -> Iterable[Part]:
    """Import the packages."""
    names = (f"{feature}.{domain}" for domain in find_domains())
    return tuple(cast("Part", import_module(name)) for name in names if find_spec(name))


def install_for_domains(feature: str, app: FastAPI) -> None:
    """Install each package in the app."""
    for part in load_for_domains(feature):
        part.install(app)


def running_for_domains(feature: str, app: FastAPI) -> AbstractAsyncContextManager[None]:
    """Enter the packages' lifespans, in order."""
    return running(load_for_domains(feature), app)
