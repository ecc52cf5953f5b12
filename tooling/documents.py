"""What documents say: their parts, and a check that what they name is there."""

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tooling import ROOT, TEMPLATE
from tooling.__main__ import COMMANDS
from tooling.questions import load

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
FOLDERS = (
    *("template/", "tooling/", "hooks/", "tests/", "benchmarks/", "docs/", ".github/", ".ci/"),
    *("backend/", "migrations/", "vendor/"),  # of a generated project
)


def blocks(text: str, language: str = "") -> list[str]:
    """Return the code blocks of a document, all or those of one language."""
    return [code for tag, code in BLOCK.findall(text) if tag == language or not language]


def section(text: str, title: str) -> str:
    """Return what stands below a heading of the second level."""
    return text.split(f"\n## {title}\n")[1].split("\n## ")[0]


def faults(document: Path) -> Iterator[str]:
    """Yield what a document of this repository names and what is not there."""
    text = document.read_text(encoding="utf-8")
    prose = BLOCK.sub("", text)
    for target, anchor in re.findall(r"\]\((?!\w+:)([^)#\s]*)(?:#([^)\s]+))?", prose):
        path = document.parent / target if target else document
        if not path.exists():
            yield f"link to {target}"
        elif anchor and anchor not in anchors(path.read_text(encoding="utf-8")):
            yield f"link to {target}#{anchor}"
    lines = [line for block in blocks(text) for line in block.splitlines()]
    for span in [*re.findall(r"`([^`\n]+)`", prose), *lines]:
        yield from missing_paths(span)
        yield from unknown_commands(span)


def anchors(text: str) -> set[str]:
    """Return the names that GitHub gives to the headings."""
    headings = re.findall(r"^#+ (.+)$", BLOCK.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def missing_paths(span: str) -> Iterator[str]:
    """Yield the paths in it that are neither of the repository nor of a project."""
    for word in span.split():
        path = word.rstrip(".,:;").partition("::")[0]
        if path.startswith(FOLDERS) and not re.search(r"[*<>{}…]", path):
            places = [ROOT / path, TEMPLATE / path, TEMPLATE / f"{path}.jinja"]
            if not any(place.exists() for place in places):
                yield f"path {path}"


def unknown_commands(span: str) -> Iterator[str]:
    """Yield the modules, commands, markers and answers in it that there are not."""
    if module := re.search(r"python -m ((?:tooling|benchmarks)[\w.]*)(?: (\w+))?", span):
        path = ROOT / module[1].replace(".", "/")
        if not path.with_suffix(".py").exists() and not (path / "__main__.py").exists():
            yield f"module {module[1]}"
        elif module[1] == "tooling" and module[2] not in COMMANDS:
            yield f"command {module[2]}"
    if (mark := re.search(r"pytest.* -m \"?(?:not )?(\w+)", span)) and mark[1] not in markers():
        yield f"marker {mark[1]}"
    for name in re.findall(r"(?:^|--data )([a-z_]+)=[^A-Z\s]\S*$", span):
        if name not in questions():
            yield f"answer {name}"


@cache
def questions() -> set[str]:
    """Return the names of the questions and of the computed answers."""
    return {question.name for question in load()[1]}


@cache
def markers() -> set[str]:
    """Return the names of the markers of this repository's tests."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return {mark.split(":")[0] for mark in settings["tool"]["pytest"]["markers"]}
