"""What a project's documents name and what is not there: files, commands, fixtures, markers.

A document is a `*.md` file. Checked are links, paths between backticks or in a code block `tree`,
commands after `uv run`, and the first column of tables whose heading is `fixture` or `marker`.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

_LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")
_FILE = re.compile(r"`((?:[\w.-]+/)+[\w.-]*\.?\w*|\.?[\w-]+\.(?:py|toml|yaml|yml|ini|md))`")
_COMMAND = re.compile(r"\buv run (?:--group \S+ )?((?!pre-commit)[^`#\n]+)")
_PATH = re.compile(r"\w[\w.-]*/[\w./:-]+")
_FIXTURE = re.compile(r"^@pytest\.fixture.*\n(?:@.*\n)*(?:async )?def (\w+)", re.MULTILINE)


def find_stale_names(root: Path, config: pytest.Config) -> list[str]:
    """Return a sentence for each name in the documents below a folder that leads nowhere."""
    # By their sources: a run knows only the fixtures of the plugins that it has loaded.
    folders = [*(root / path for path in config.getini("testpaths")), Path(__file__).parent]
    sources = "\n".join(path.read_text("utf-8") for one in folders for path in one.rglob("*.py"))
    there = {
        "fixture": set(_FIXTURE.findall(sources)),
        "marker": {re.split(r"\W", line)[0] for line in config.getini("markers")},
    }
    stale = []
    for document in sorted(root.rglob("*.md")):
        name = document.relative_to(root)
        if not {".venv", "vendor"} & set(name.parts[:1]):
            text = document.read_text("utf-8")
            found = [*_lost_files(document, root, text), *_lost_commands(root, text)]
            for kind, names in there.items():
                found += [f"the {kind} {one}" for one in _names_in_tables(kind, text) - names]
            stale += [f"{name} names {one}, which is not there" for one in found]
    return stale


def _lost_files(document: Path, root: Path, text: str) -> Iterator[str]:
    prose = re.sub(r"```(?!tree).*?```", "", text, flags=re.DOTALL)
    named = set(_LINK.findall(prose) + _FILE.findall(prose))
    for tree in re.findall(r"```tree\n(.*?)```", text, re.DOTALL):
        named |= {name for line in tree.splitlines() for name in line.split("  ")[0].split()}
    for name in sorted(named):
        if not any((folder / name).exists() for folder in (document.parent, root)):
            yield name


def _lost_commands(root: Path, text: str) -> Iterator[str]:
    for command in _COMMAND.findall(text):
        program, *arguments = command.split()
        found = find_spec(arguments[1]) if program == "python" else shutil.which(program)
        paths = [one.partition("::")[0] for one in arguments if _PATH.fullmatch(one)]
        if not found or not all((root / path).exists() for path in paths):
            yield f"uv run {command.strip()}"


def _names_in_tables(kind: str, text: str) -> set[str]:
    names: set[str] = set()
    for table in re.findall(rf"^\| {kind} \|.*\n((?:\|.*\n?)+)", text, re.MULTILINE):
        for row in table.splitlines():
            names |= set(re.findall(r"`(\w+)", row.split("|")[1]))
    return names
