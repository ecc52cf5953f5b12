"""Tracebacks show only the project's frames, and are formatted in milliseconds.

To print a frame, pytest parses its whole source file anew for each failing test: half a second
where SQLAlchemy is on the stack. Frames of installed packages, of the standard library and of this
plugin are therefore marked with pytest's own `__tracebackhide__`. The exception, its causes and
each line of the project's code and tests remain; `--full-trace` shows everything.
"""

import sysconfig
from collections.abc import Iterator
from pathlib import Path

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
    """Whether a file is an installed package's, the standard library's or this plugin's."""
    return filename.startswith(_LIBRARIES) or filename.endswith(".pyx")


def hide_libraries(error: BaseException) -> None:
    """Hide the libraries' frames in an exception and in all that it was raised from."""
    if not getattr(error, "pytrace", True):
        return  # pytest shows the message alone
    for link in _chain(error):
        trace = link.__traceback__
        while trace is not None:
            code, names = trace.tb_frame.f_code, trace.tb_frame.f_globals
            is_pytest = str(names.get("__name__", "")).startswith(_PYTEST)
            if not is_pytest and "__tracebackhide__" not in names and is_library(code.co_filename):
                names["__tracebackhide__"] = True
            trace = trace.tb_next


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
