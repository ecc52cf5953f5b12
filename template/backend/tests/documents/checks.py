"""What a document may say: only what is there.

| checked | where |
|---|---|
| paths | in backticks, and in blocks called `tree`, one name a line, indented by two spaces |
| commands | in backticks, and in blocks called `sh`: programs, options, paths, modules |
| fixtures, markers, helpers | the first column of a table whose first heading says so |
| markers | also in `@pytest.mark.…` and `-m` |
| environment variables | in backticks, and set in commands |
| modules | dotted names below `backend` in backticks |
| Python blocks | they parse; imports and fixtures exist; the first line says the file's path |
| links | to files and to headings |
"""

import ast
import re
from collections.abc import Callable, Iterator

from backend.tests.documents import commands
from backend.tests.documents.facts import Facts
from backend.tests.documents.markdown import Block, Document, Span

_SUFFIXES = (".cfg", ".example", ".ini", ".json", ".md", ".py", ".toml", ".txt", ".yaml", ".yml")
_VARIABLE = re.compile(r"([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(=.*)?")
_DOTTED = re.compile(r"backend(\.\w+)+")
_MARK = re.compile(r"pytest\.mark\.(\w+)")

Check = Callable[[Document, Facts], Iterator[tuple[int, str]]]
"""Gives the line and a sentence for each thing that is not so."""


def problems(document: Document, facts: Facts) -> list[str]:
    """Everything that a document says and that is not so, one sentence each."""
    found = sorted({problem for check in CHECKS for problem in check(document, facts)})
    name = document.path.relative_to(facts.root)
    return [f"{name}:{line}: {sentence}" for line, sentence in found]


def looks_like_path(text: str) -> bool:
    """Whether a word in backticks is meant as a path of the project."""
    if re.search(r"[\s(){}=,@$|…]|://|::", text) or text.startswith(("/", "-", "~", "http")):
        return False
    return "/" in text or text.endswith(_SUFFIXES)


def _paths(document: Document, facts: Facts) -> Iterator[tuple[int, str]]:
    for span in document.inline:
        if looks_like_path(span.text) and not facts.has_path(span.text, document.path.parent):
            yield span.line, f"there is no {span.text}"


def _trees(document: Document, facts: Facts) -> Iterator[tuple[int, str]]:
    for block in document.blocks:
        if block.language != "tree":
            continue
        above: list[str] = []
        for number, line in enumerate(block.text.splitlines(), block.line):
            if not line.strip():
                continue
            depth = (len(line) - len(line.lstrip())) // 2
            names = re.split(r"\s{2,}", line.strip())[0].split()
            for name in names:
                path = "/".join([*above[:depth], name.rstrip("/")])
                if not facts.has_path(path, document.path.parent):
                    yield number, f"there is no {path}"
            above[depth:] = [names[0].rstrip("/")]


def _commands(document: Document, facts: Facts) -> Iterator[tuple[int, str]]:
    spans = [span for span in document.inline if commands.is_command(span.text)]
    for block in document.blocks:
        if block.language == "sh":
            lines = enumerate(block.text.splitlines(), block.line)
            spans += [Span(text, number) for number, text in lines if text.strip()]
    for span in spans:
        for sentence in commands.problems(span.text, facts):
            yield span.line, sentence


def _tables(document: Document, facts: Facts) -> Iterator[tuple[int, str]]:
    fixtures = {*facts.fixtures, *facts.fixtures_of_levels}
    known = {"fixture": fixtures, "marker": facts.markers, "helper": facts.helpers}
    for table in document.tables:
        kind = table.header[0]
        for name in table.names if kind in known else ():
            if name.text.partition("(")[0] not in known[kind]:
                yield name.line, f"there is no {kind} {name.text}"


def _marks(document: Document, facts: Facts) -> Iterator[tuple[int, str]]:
    for span in [*document.inline, *document.blocks]:
        for name in _MARK.findall(span.text):
            if name not in facts.markers:
                yield span.line, f"there is no marker {name}"


def _variables(document: Document, facts: Facts) -> Iterator[tuple[int, str]]:
    for span in document.inline:
        if (found := _VARIABLE.fullmatch(span.text)) and found.group(1) not in facts.variables:
            yield span.line, f"nothing reads the variable {found.group(1)}"


def _modules(document: Document, facts: Facts) -> Iterator[tuple[int, str]]:
    for span in document.inline:
        if _DOTTED.fullmatch(span.text):
            module, _, name = span.text.rpartition(".")
            if not facts.has_module(span.text) and not facts.has_attribute(module, name):
                yield span.line, f"there is no {span.text}"


def _links(document: Document, facts: Facts) -> Iterator[tuple[int, str]]:
    for span in document.links:
        path, _, anchor = span.text.partition("#")
        if "://" in path or path.startswith("mailto:"):
            continue
        target = (document.path.parent / path).resolve() if path else document.path
        if path and not target.exists():
            yield span.line, f"the link {span.text} leads nowhere"
        elif anchor:
            text = target.read_text(encoding="utf-8") if path else document.text
            if anchor not in Document(target, text).anchors:
                yield span.line, f"the link {span.text} names no heading"


def _python(document: Document, facts: Facts) -> Iterator[tuple[int, str]]:
    blocks = [block for block in document.blocks if block.language == "python"]
    planned = {path_of(block).removesuffix(".py").replace("/", ".") for block in blocks}
    for block in blocks:
        folder = path_of(block).partition("<")[0].rpartition("/")[0]
        # The last folder may be new, as the file is.
        if not any(facts.has_path(f, facts.root) for f in (folder, folder.rpartition("/")[0]) if f):
            yield block.line, "the first line is no comment with the path of a file to be"
        try:
            tree = ast.parse(block.text)
        except SyntaxError as error:
            yield block.line, f"this is no Python: {error.msg}"
            continue
        for line, sentence in [*_imports(tree, planned, facts), *_arguments(tree, facts)]:
            yield block.line + line - 1, sentence


def _imports(tree: ast.Module, planned: set[str], facts: Facts) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if not facts.has_module(alias.name):
                    yield node.lineno, f"there is no module {alias.name}"
        elif isinstance(node, ast.ImportFrom) and node.module not in planned:
            for alias in node.names:
                if not facts.has_attribute(str(node.module), alias.name):
                    yield node.lineno, f"{node.module} has no {alias.name}"


def _arguments(tree: ast.Module, facts: Facts) -> Iterator[tuple[int, str]]:
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    own = {function.name for function in functions}
    fixtures = {*facts.fixtures, *facts.fixtures_of_levels}
    for function in functions:
        if not function.name.startswith("test_"):
            continue
        decorators = ast.unparse(ast.Tuple(function.decorator_list))
        for argument in function.args.args:
            known = argument.arg in own or argument.arg in fixtures
            if not known and argument.arg != "self" and argument.arg not in decorators:
                yield function.lineno, f"there is no fixture {argument.arg}"


CHECKS: tuple[Check, ...] = (
    _paths,
    _trees,
    _commands,
    _tables,
    _marks,
    _variables,
    _modules,
    _links,
    _python,
)


def path_of(block: Block) -> str:
    """The file that a Python block is meant for: its first line, a comment."""
    first, _, _ = block.text.partition("\n")
    return first.removeprefix("# ").strip() if first.startswith("# ") else ""
