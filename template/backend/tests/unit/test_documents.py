"""What the documents name exists: files, commands, fixtures and markers."""

import re
import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest
import pytest_greenfield

from backend.tests import PROJECT_ROOT

DOCUMENTS = {
    path: path.read_text("utf-8")
    for path in sorted(PROJECT_ROOT.rglob("*.md"))
    if not {".venv", "vendor"} & set(path.relative_to(PROJECT_ROOT).parts[:1])
}
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")
FILE = re.compile(r"`((?:[\w.-]+/)+[\w.-]*\.?\w*|\.?[\w-]+\.(?:py|toml|yaml|yml|ini|md))`")
COMMAND = re.compile(r"\buv run ((?!pre-commit)[^`#\n]+)")
FIXTURE = re.compile(r"^@pytest\.fixture.*\n(?:@.*\n)*(?:async )?def (\w+)", re.MULTILINE)


def test_links_and_files_lead_somewhere() -> None:
    for document, text in DOCUMENTS.items():
        prose = re.sub(r"```(?!tree).*?```", "", text, flags=re.DOTALL)
        named = set(LINK.findall(prose) + FILE.findall(prose))
        for tree in re.findall(r"```tree\n(.*?)```", text, re.DOTALL):
            named |= {name for line in tree.splitlines() for name in line.split("  ")[0].split()}
        folders = (document.parent, PROJECT_ROOT)
        lost = [name for name in named if not any((one / name).exists() for one in folders)]
        assert lost == [], document


def test_commands_can_be_run() -> None:
    for text in DOCUMENTS.values():
        for command in COMMAND.findall(text):
            program, *arguments = command.split()
            found = find_spec(arguments[1]) if program == "python" else shutil.which(program)
            assert found, command
            paths = [one.partition("::")[0] for one in arguments if one.startswith("backend/")]
            assert all((PROJECT_ROOT / path).exists() for path in paths), command


@pytest.mark.parametrize("kind", ["fixture", "marker"])
def test_tables_list_only_what_exists(kind: str, pytestconfig: pytest.Config) -> None:
    folders = (PROJECT_ROOT / "backend" / "tests", Path(*pytest_greenfield.__path__))
    sources = "\n".join(path.read_text("utf-8") for one in folders for path in one.rglob("*.py"))
    there = set(FIXTURE.findall(sources))
    there |= {re.split(r"\W", line)[0] for line in pytestconfig.getini("markers")}
    for document, text in DOCUMENTS.items():
        for table in re.findall(rf"^\| {kind} \|.*\n((?:\|.*\n?)+)", text, re.MULTILINE):
            cells = " ".join(row.split("|")[1] for row in table.splitlines())
            assert set(re.findall(r"`(\w+)", cells)) <= there, document
