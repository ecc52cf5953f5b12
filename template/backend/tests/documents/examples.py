"""The Python blocks of a document are tests: they run in the layer that their first line names."""

import ast
from pathlib import Path
from typing import Any

from backend.tests.documents.checks import path_of
from backend.tests.documents.markdown import Document


def load(path: Path, layer: str, module: str) -> dict[str, Any]:
    """What the blocks for files below `backend/tests/<layer>/` define, by name.

    Args:
        path: The document.
        layer: `unit`, `integration`, …
        module: The `__name__` of the test module that takes the names.

    Raises:
        ValueError: Two blocks define one test.
    """
    found: dict[str, Any] = {}
    for block in Document(path, path.read_text(encoding="utf-8")).blocks:
        if block.language != "python" or not path_of(block).startswith(f"backend/tests/{layer}/"):
            continue
        # So that a traceback leads to the document's line.
        tree = ast.increment_lineno(ast.parse(block.text), block.line - 1)
        names: dict[str, Any] = {"__name__": module}
        exec(compile(tree, str(path), "exec"), names)  # noqa: S102 - the project's own document
        tests = {name for name in names if name.startswith("test_")}
        if twice := tests & found.keys():
            raise ValueError(f"{path.name} has more than one {', '.join(twice)}")
        found |= {name: value for name, value in names.items() if not name.startswith("__")}
    return found
