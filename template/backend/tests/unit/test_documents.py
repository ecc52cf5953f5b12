"""What the documents name exists: files, links, commands, fixtures and markers."""

import re
import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest
import pytest_greenfield

from backend.tests import PROJECT_ROOT

DOCUMENTS = [
    path
    for path in sorted(PROJECT_ROOT.rglob("*.md"))
    if not {".venv", "vendor"} & set(path.relative_to(PROJECT_ROOT).parts[:1])
]
FIXTURE = re.compile(
    r"^ *@pytest(?:_asyncio)?\.fixture.*\n(?: *@.*\n)* *(?:async )?def (\w+)", re.MULTILINE
)

each_document = pytest.mark.parametrize(
    "document", DOCUMENTS, ids=lambda path: str(path.relative_to(PROJECT_ROOT))
)


def exists(document: Path, name: str) -> bool:
    """Whether a file or folder is there, seen from the document or from the project's root."""
    return any((folder / name).exists() for folder in (document.parent, PROJECT_ROOT))


def table_of(document: Path, heading: str) -> set[str]:
    """Return the names in the first column of the tables with this heading."""
    names: set[str] = set()
    for table in re.findall(
        rf"^\| {heading} \|.*\n((?:\|.*\n?)+)", document.read_text("utf-8"), re.MULTILINE
    ):
        for row in table.splitlines():
            names |= set(re.findall(r"`(\w+)", row.split("|")[1]))
    return names


@each_document
def test_links_and_files_lead_somewhere(document: Path) -> None:
    text = document.read_text("utf-8")
    prose = re.sub(r"```(?!tree).*?```", "", text, flags=re.DOTALL)
    named = set(re.findall(r"\]\((?!https?:|#)([^)#]+)", prose))
    named |= set(
        re.findall(r"`((?:[\w.-]+/)+[\w.-]*\.?\w*|\.?[\w-]+\.(?:py|toml|yaml|yml|ini|md))`", prose)
    )
    for tree in re.findall(r"```tree\n(.*?)```", text, re.DOTALL):
        named |= {name for line in tree.splitlines() for name in re.split(r"  +", line)[0].split()}
    assert [name for name in sorted(named) if not exists(document, name)] == []


@each_document
def test_commands_can_be_run(document: Path) -> None:
    commands = re.findall(
        r"\buv run (?:--group \S+ )?((?!pre-commit)[^`#\n]+)", document.read_text("utf-8")
    )
    for command in commands:
        program, *arguments = command.split()
        if program == "python":
            assert find_spec(arguments[1]), command
        else:
            assert shutil.which(program), command
        paths = [one.partition("::")[0] for one in arguments if one.startswith("backend/")]
        assert all((PROJECT_ROOT / path).exists() for path in paths), command


@each_document
def test_fixtures_and_markers_exist(document: Path, pytestconfig: pytest.Config) -> None:
    folders = (PROJECT_ROOT / "backend" / "tests", Path(*pytest_greenfield.__path__))
    sources = "\n".join(path.read_text("utf-8") for one in folders for path in one.rglob("*.py"))
    assert table_of(document, "fixture") - set(FIXTURE.findall(sources)) == set()
    markers = {re.split(r"\W", line)[0] for line in pytestconfig.getini("markers")}
    assert table_of(document, "marker") - markers == set()
