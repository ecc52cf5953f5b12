"""What a project's documents name, and what is not there."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from pytest_greenfield.documents import find_stale_names

CONFIG: Any = SimpleNamespace(
    getini=lambda name: {"testpaths": ["tests"], "markers": ["slow: takes long"]}[name]
)


def find_in(folder: Path, text: str) -> list[str]:
    (folder / "tests").mkdir()
    (folder / "tests" / "conftest.py").write_text("@pytest.fixture\ndef client(): ...\n", "utf-8")
    (folder / "README.md").write_text(text, "utf-8")
    return find_stale_names(folder, cast("pytest.Config", CONFIG))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("[a guide](docs/guide.md)", "docs/guide.md"),
        ("See `tests/test_gone.py`.", "tests/test_gone.py"),
        ("```tree\ntests/   tests\nsrc/     sources\n```", "src/"),
        ("`uv run no-such-program x`", "uv run no-such-program x"),
        ("`uv run python -m no_such_module`", "uv run python -m no_such_module"),
        ("`uv run pytest tests/unit`", "uv run pytest tests/unit"),
        ("| fixture | gives |\n|---|---|\n| `nobody` | x |\n", "the fixture nobody"),
        ("| marker | means |\n|---|---|\n| `fast(x)` | x |\n", "the marker fast"),
    ],
)
def test_a_stale_name_is_found(tmp_path: Path, text: str, name: str) -> None:
    assert find_in(tmp_path, text) == [f"README.md names {name}, which is not there"]


def test_what_is_there_is_not(tmp_path: Path) -> None:
    text = """[the tests](tests) and `tests/conftest.py`, [the web](https://example.com)

`uv run pytest tests -x`, `uv run python -m json`

| fixture | gives |
|---|---|
| `client`, `query_log` | x |

| marker | means |
|---|---|
| `slow` | x |
"""
    assert find_in(tmp_path, text) == []
