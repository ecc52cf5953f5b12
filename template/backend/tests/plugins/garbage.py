"""Python's search for cycles leaves alone what lives as long as the run.

Collecting makes some hundred objects for each test, and all of them stay. The search through them
took a seventh of a run of thousands of unit tests (docs/speed.md of the template), much of it when
the process ends. It pauses while tests are collected, and afterwards passes over what is there.
"""

import gc
from collections.abc import Generator

import pytest


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect without a pause for garbage; then set apart what there is."""
    searching = gc.isenabled()
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        if searching:
            gc.enable()
