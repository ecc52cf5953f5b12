"""Tracebacks show the project's frames; a failure costs milliseconds.

To print a frame, pytest parses its whole source file anew for each failing test: half a second
where SQLAlchemy is on the stack. Frames of installed packages, of the standard library and of this
harness are therefore marked with pytest's own `__tracebackhide__`. The exception, its causes and
each line of the project's code and tests remain; `--full-trace` shows everything.
"""

import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

# pytest cuts its own frames itself, and reports a skip by one of them: none left is a crash.
_PYTEST = ("_pytest.", "pluggy.")
_LIBRARIES = tuple(
    {
        f"{Path(sysconfig.get_path(name)).resolve()}/"
        for name in ("stdlib", "platstdlib", "purelib", "platlib")
    }
    | {"<frozen ", f"{Path(__file__).resolve().parent}/"}
)


def is_library(filename: str) -> bool:
    """Whether a file is an installed package's, the standard library's or the harness's own."""
    return filename.startswith(_LIBRARIES) or filename.endswith(".pyx")


def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    """Hide the libraries' frames in an exception and in all that it was raised from."""
    if call.excinfo is None or item.config.getoption("fulltrace"):
        return
    for error in _chain(call.excinfo.value):
        trace = error.__traceback__
        while trace is not None:
            code, names = trace.tb_frame.f_code, trace.tb_frame.f_globals
            hidden = is_library(code.co_filename) and not _name_of(names).startswith(_PYTEST)
            if hidden and "__tracebackhide__" not in names:
                names["__tracebackhide__"] = True
            trace = trace.tb_next


def _name_of(names: dict[str, Any]) -> str:
    return str(names.get("__name__", ""))


def _chain(error: BaseException) -> Iterator[BaseException]:
    waiting, seen = [error], set[int]()
    while waiting:
        current = waiting.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        parts = current.exceptions if isinstance(current, BaseExceptionGroup) else ()
        waiting += [link for link in (current.__cause__, current.__context__, *parts) if link]
