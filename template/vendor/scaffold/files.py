"""The files of an aggregate, rendered from `templates/`."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from string import Template

from vendor.scaffold.aggregate import Aggregate
from vendor.scaffold.errors import RefusedError
from vendor.scaffold.fields import Field

TEMPLATES = Path(__file__).parent / "templates"
_MISSING = """
    @pytest.mark.parametrize("field", {fields})
    async def test_what_it_refers_to_must_exist(
        self, api: httpx2.AsyncClient, db_session: AsyncSession, field: str
    ) -> None:
        body = to_body(await ${{Noun}}Factory.create(db_session)) | {{field: str(uuid4())}}
        assert (await api.post(URL, json=body)).status_code == 409
"""
_NOUN, _FIELD = "qqqq", "zzzz"  # stand for the names that somebody chose


def render(aggregate: Aggregate, factories: dict[str, str], *, guarded: bool) -> dict[str, str]:
    """Return the text of each file by its path.

    Args:
        aggregate: What is made.
        factories: The import of the factory for each aggregate that a field refers to.
        guarded: Whether there are accounts, so that the routes can be for admins only.
    """
    words = aggregate.names()
    for name, block in (_blocks(aggregate.fields, factories) | _access(guarded=guarded)).items():
        words[name] = Template(block).substitute(words)
    rendered = {}
    for path in sorted(TEMPLATES.rglob("*.txt")):
        name = path.relative_to(TEMPLATES).with_suffix("").as_posix()
        for word in ("domain", "nouns", "noun"):
            name = name.replace(f"_{word}_", words[word])
        rendered[name] = Template(path.read_text("utf-8")).substitute(words)
    return rendered


def _blocks(fields: tuple[Field, ...], factories: dict[str, str]) -> dict[str, str]:
    references = [field for field in fields if field.target]
    changed = next(field for field in fields if not field.target)
    referred = [
        line
        for field in references
        for line in (
            f'if "{field.name}" not in given:',
            f"    row = await {factories[field.target].split()[-1]}.create(session)",
            f'    given["{field.name}"] = row.id',
        )
    ]
    return {
        "columns": _block(4, *(field.column() for field in fields)),
        "sent": _block(4, *(field.sent() for field in fields)),
        "changed": _block(4, *(field.changed() for field in fields)),
        "shown": _block(4, *(field.shown() for field in fields)),
        "made": _block(12, *(field.made() for field in fields)),
        "referred": _block(8, *referred),
        "factory_imports": "\n".join(factories[field.target] for field in references),
        "wrong": _block(8, *(case for field in fields for case in field.wrong())),
        "constraints": _MISSING.format(fields=json.dumps([f.name for f in references]))
        if references
        else "",
        "field": changed.name,
        "other": changed.kind.other,
    }


def _access(*, guarded: bool) -> dict[str, str]:
    if not guarded:
        return {
            "admin_import": "",
            "admin_only": "",
            "let_in": "",
            "client": "client: httpx2.AsyncClient",
            "client_value": "client",
            "live_import": "",
            "live": "live_client: httpx2.AsyncClient",
            "live_value": "live_client",
        }
    return {
        "admin_import": "from backend.accounts.api.auth import get_current_admin",
        "admin_only": (
            ",\n    dependencies=[Depends(get_current_admin)],  # who else may is yours to decide\n"
        ),
        "let_in": "\n        app.dependency_overrides[get_current_admin] = lambda: None",
        "client": "admin_client: httpx2.AsyncClient",
        "client_value": "admin_client",
        "live_import": "from backend.tests.fixtures.accounts.live import Person",
        "live": "admin_session: Person",
        "live_value": "admin_session.client",
    }


def _block(indent: int, *lines: str) -> str:
    return "\n".join(" " * indent + line for line in lines)


def check_collisions(aggregate: Aggregate, *, guarded: bool) -> None:
    """Refuse names that a file uses for something else, such as `page` or `date`."""
    fields = tuple(
        Field(f"{_FIELD}{n}_id" if field.target else f"{_FIELD}{n}", field.kind, field.target)
        for n, field in enumerate(aggregate.fields)
    )
    neutral = Aggregate(aggregate.domain, _NOUN, f"{_NOUN}s", fields)
    own = {f"{_FIELD}{n}": f.name.removesuffix("_id") for n, f in enumerate(aggregate.fields)}
    for word in ("nouns", "noun", "Nouns", "Noun"):
        own[neutral.names()[word]] = aggregate.names()[word]
    imports = dict.fromkeys((field.target for field in fields), "import nothing")
    for text in render(neutral, imports, guarded=guarded).values():
        names = _identifiers(text)
        for name in sorted(names):
            real = name
            for neutral_word, word in own.items():
                real = real.replace(neutral_word, word)
            if real != name and real in names:
                raise RefusedError(f"The files use {real} for something else: choose another name.")


def _identifiers(text: str) -> set[str]:
    tree = ast.parse(text)
    found = set[str]()
    for node in ast.walk(tree):
        match node:
            case ast.ClassDef(name="Meta"):
                node.body = []
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
                found.add(name)
            case ast.Name(id=name) | ast.arg(arg=name) | ast.AsyncFunctionDef(name=name):
                found.add(name)
            case ast.alias(name=name, asname=alias):
                found.add(alias or name)
    return found
