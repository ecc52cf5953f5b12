"""Commands in documents: known programs, options that parse, files and modules that are there."""

import argparse
import contextlib
import io
import itertools
import re
import shlex
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from backend.tests.documents.facts import Facts

_ASSIGNMENT = re.compile(r"([A-Z][A-Z0-9_]*)=")
_OTHERS = frozenset({"cp", "curl", "export", "git", "grep", "sed", "unset", "uvx"})
"""Programs that are not the project's; their options are not checked."""
_OF_UV = frozenset({"add", "lock", "remove", "run", "sync", "tree"})
_CONTAINERS = frozenset({"docker", "podman"})


def is_command(text: str) -> bool:
    """Whether what stands in backticks is something to type."""
    program, space, _ = re.sub(r"^([A-Z][A-Z0-9_]*=\S* )+", "", text).partition(" ")
    return bool(space) and program in {"uv", *_OTHERS, *_CONTAINERS}


def problems(line: str, facts: Facts) -> Iterator[str]:
    """What is wrong with a line of shell, one sentence each."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words: list[str] = []
    after = ""
    for word in [*lexer, ";"]:
        if word and set(word) <= set("();<>|&"):
            if after not in {">", "<", ">>"}:  # what follows these is a file
                yield from _simple(words, facts)
            words, after = [], word
        else:
            words.append(word)


def _simple(words: list[str], facts: Facts) -> Iterator[str]:
    assigns = words[:1] in (["export"], ["unset"])
    names = [found.group(1) for word in words if (found := _ASSIGNMENT.match(word))]
    if words[:1] == ["unset"]:
        names = words[1:]
    for name in names:
        if name not in facts.variables:
            yield f"nothing reads the variable {name}"
    words = [] if assigns else [word for word in words if not _ASSIGNMENT.match(word)]
    if not words:
        return
    program, *rest = words
    if program == "uv":
        yield from _uv(rest, facts)
    elif program in _CONTAINERS:
        files = [value for flag, value in itertools.pairwise(rest) if flag == "-f"]
        yield from (f"there is no {file}" for file in files if not (facts.root / file).is_file())
    elif program not in _OTHERS:
        yield f"nobody knows the program {program}"


def _uv(words: list[str], facts: Facts) -> Iterator[str]:
    if words[:1] != ["run"]:
        if not words or words[0] not in _OF_UV:
            yield f"uv has no command {' '.join(words[:1])}"
        return
    tool, *rest = words[1:] or [""]
    if not facts.has_tool(tool):
        yield f"uv run {tool}: no such program is installed"
    elif tool == "pytest":
        yield from _pytest(rest, facts)
    elif tool == "python":
        yield from _python(rest, facts)
    elif tool == "alembic":
        yield from _alembic(rest)
    else:
        yield from _words(rest, facts)


def _pytest(words: list[str], facts: Facts) -> Iterator[str]:
    # The running pytest's own parser knows the options of all plugins.
    parser = facts.config._parser
    words = [word for word in words if not word.startswith("@")]  # a file that has the arguments
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            options, unknown = parser.parse_known_and_unknown_args(words, argparse.Namespace())
    except (pytest.UsageError, SystemExit) as error:
        yield f"pytest refuses {' '.join(words)}: {error}"
        return
    yield from (f"pytest has no option {option}" for option in unknown)
    for argument in options.file_or_dir:
        path, *names = argument.split("::")
        if not (facts.root / path).exists():
            yield f"there is no {path}"
        elif names and not facts.has_test(path, names):
            yield f"there is no test {argument}"
    for name in set(re.findall(r"\w+", options.markexpr)) - {"and", "or", "not"}:
        if name not in facts.markers:
            yield f"there is no marker {name}"


def _python(words: list[str], facts: Facts) -> Iterator[str]:
    if words[:1] != ["-m"]:
        yield from _words(words, facts)
        return
    _, module, *rest = [*words, ""]
    if not facts.has_module(module):
        yield f"there is no module {module}"
    elif module.startswith("backend."):
        source = (facts.root / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8")
        yield from (
            f"{module} does not know {word}" for word in rest if word and f'"{word}"' not in source
        )


def _alembic(words: list[str]) -> Iterator[str]:
    # Read, not imported: with SQLAlchemy it takes half of a unit test's second.
    found = find_spec("alembic")
    folder = Path(str(found.origin)).parent if found else Path()
    options = (folder / "config.py").read_text(encoding="utf-8")
    commands = (folder / "command.py").read_text(encoding="utf-8")
    yield from (
        f"alembic has no option {word}"
        for word in words
        if word.startswith("--") and f'"{word.partition("=")[0]}"' not in options
    )
    names = [word for before, word in itertools.pairwise(["", *words]) if before != "-x"]
    command = next((word for word in names if not word.startswith("-")), "")
    if f"\ndef {command}(" not in commands:
        yield f"alembic has no command {command}"


def _words(words: list[str], facts: Facts) -> Iterator[str]:
    for word in words:
        if found := re.fullmatch(r"([\w.]+):(\w+)", word):
            if not facts.has_attribute(*found.groups()):
                yield f"there is no {word}"
        elif word.startswith("backend") and not facts.has_path(word, facts.root):
            yield f"there is no {word}"
