"""What the plugin's sources promise: nothing of an application, a quick start, short modules."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tooling import ROOT

SOURCES = ROOT / "template" / "vendor" / "pytest-greenfield" / "src" / "pytest_greenfield"
MODULES = sorted(SOURCES.rglob("*.py"))
LINES_OF_A_MODULE = 250
LINES_OF_ALL = 8800
"""PostgreSQL and pytest 5,700 (4,000 was the aim), four services 2,500, helpers to import 510."""
OF_AN_APPLICATION = {"alembic", "asyncpg", "fastapi", "sqlalchemy", "starlette"}


@pytest.fixture(params=MODULES, ids=lambda path: path.relative_to(SOURCES).as_posix())
def module(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


def imports(nodes: list[ast.stmt], *, at_import: bool) -> Iterator[str]:
    """The packages that statements import; `at_import` leaves out functions and TYPE_CHECKING."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield str(node.module).partition(".")[0]
        elif at_import and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        elif at_import and isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            yield from imports(node.orelse, at_import=True)
        else:
            inner = [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.stmt)]
            yield from imports(inner, at_import=at_import)


def test_no_module_knows_an_application(module: Path) -> None:
    tree = ast.parse(module.read_text(encoding="utf-8"))
    assert "backend" not in imports(tree.body, at_import=False)
    assert not OF_AN_APPLICATION & set(imports(tree.body, at_import=True))


def test_modules_are_short(module: Path) -> None:
    assert len(module.read_text(encoding="utf-8").splitlines()) <= LINES_OF_A_MODULE


def test_the_whole_is_short() -> None:
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    assert sum(lines.values()) <= LINES_OF_ALL, lines


def test_loading_the_plugin_imports_no_driver() -> None:
    """A run of unit tests needs neither a driver nor the application's libraries."""
    unwanted = OF_AN_APPLICATION | {"psycopg", "testcontainers"}
    script = f"import sys, pytest_greenfield.plugin; sys.exit(str({unwanted} & {{*sys.modules}}))"
    command = [sys.executable, "-c", script]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.stderr.strip() == "set()"
