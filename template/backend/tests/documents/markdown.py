"""What the checks need of Markdown: code, tables, links and headings, each with its line."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

_FENCE = re.compile(r"^\s*```(.*)$")
_INLINE = re.compile(r"(?<!\\)`([^`\n]+)`")
_LINK = re.compile(r"(?<!\\)\[[^\]]*\]\(([^)\s]+)\)")


@dataclass(frozen=True)
class Span:
    """Some text of a document; `line` is its first, counted from 1."""

    text: str
    line: int


@dataclass(frozen=True)
class Block(Span):
    """A fenced block, without its fences; `line` is that of its first line of code."""

    language: str


@dataclass(frozen=True)
class Table:
    """A table's header cells, and for each row the names in backticks in its first cell."""

    header: tuple[str, ...]
    names: tuple[Span, ...]


@dataclass(frozen=True)
class Document:
    """A Markdown file; `path` is where it is, or would be."""

    path: Path
    text: str

    @cached_property
    def blocks(self) -> list[Block]:
        """The fenced blocks."""
        blocks: list[Block] = []
        opened: tuple[str, int] | None = None
        lines = self.text.splitlines()
        for number, line in enumerate(lines, 1):
            if not (fence := _FENCE.match(line)):
                continue
            if opened is None:
                opened = fence.group(1).strip(), number + 1
            else:
                language, first = opened
                blocks.append(Block("\n".join(lines[first - 1 : number - 1]), first, language))
                opened = None
        return blocks

    @cached_property
    def prose(self) -> list[Span]:
        """The lines outside of fenced blocks."""
        inside = {
            line
            for block in self.blocks
            for line in range(block.line - 1, block.line + len(block.text.splitlines()) + 1)
        }
        lines = enumerate(self.text.splitlines(), 1)
        return [Span(text, number) for number, text in lines if number not in inside]

    @cached_property
    def said(self) -> list[Span]:
        """The prose without the title, which is a project's name, and may be anything."""
        return [line for line in self.prose if not line.text.startswith("# ")]

    @cached_property
    def inline(self) -> list[Span]:
        """What stands in single backticks."""
        return [
            Span(found.group(1), line.line)
            for line in self.said
            for found in _INLINE.finditer(line.text)
        ]

    @cached_property
    def links(self) -> list[Span]:
        """The targets of links."""
        return [
            Span(found.group(1), line.line)
            for line in self.said
            for found in _LINK.finditer(_INLINE.sub("", line.text))
        ]

    @cached_property
    def anchors(self) -> set[str]:
        """The headings, as the fragments of links name them."""
        headings = [line.text.lstrip("#") for line in self.prose if line.text.startswith("#")]
        words = [re.sub(r"[^\w\- ]", "", text.strip().lower()) for text in headings]
        return {text.replace(" ", "-") for text in words}

    @cached_property
    def tables(self) -> list[Table]:
        """The tables."""
        tables: list[Table] = []
        header: tuple[str, ...] | None = None
        names: list[Span] = []
        for line in [*self.prose, Span("", 0)]:
            if not line.text.startswith("|"):
                if header is not None:
                    tables.append(Table(header, tuple(names)))
                header, names = None, []
                continue
            cells = tuple(cell.strip() for cell in line.text.strip("|").split("|"))
            if header is None:
                header = cells
            else:
                names += [Span(name, line.line) for name in _INLINE.findall(cells[0])]
        return tables


def find(root: Path) -> list[Path]:
    """The Markdown files of a project, sorted; hidden folders and the changelog are left out.

    A changelog tells of what no longer is.
    """

    def walk() -> Iterator[Path]:
        for folder, folders, files in os.walk(root):
            folders[:] = [name for name in folders if not name.startswith((".", "node_modules"))]
            for name in files:
                if name.endswith(".md") and name != "CHANGELOG.md":
                    yield Path(folder, name)

    return sorted(walk())
