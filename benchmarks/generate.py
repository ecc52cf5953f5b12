"""Write test modules: the same text for our harness and for every recipe."""

from pathlib import Path

NAME = "the same in every test: a row that stays behind breaks the next one"

ISOLATION = {
    "empty": "async def test_empty_{n}():\n    pass\n",
    "noop": "async def test_noop_{n}(db_session):\n    pass\n",
    "select": (
        "async def test_select_{n}(db_session):\n"
        "    assert await db_session.scalar(select(1)) == 1\n"
    ),
    "orm": (
        "async def test_orm_{n}(db_session):\n"
        "    db_session.add(Item(name=NAME, price={n}))\n"
        "    await db_session.commit()\n"
        "    found = await db_session.scalars(select(Item).where(Item.name == NAME))\n"
        "    assert [item.price for item in found] == [{n}]\n"
    ),
    "http": (
        "async def test_http_{n}(client):\n"
        '    made = await client.post("/items", json={{"name": NAME, "price": {n}}})\n'
        "    assert made.status_code == 201, made.text\n"
        """    read = await client.get(f"/items/{{made.json()['id']}}")\n"""
        '    assert read.json()["price"] == {n}\n'
    ),
}
"""The kinds of docs/speed.md's first table."""

RAW = {
    "noop": ISOLATION["noop"],
    "select": (
        "async def test_select_{n}(db_session):\n"
        '    assert await db_session.fetchval("SELECT 1") == 1\n'
    ),
}
"""The same on a bare asyncpg connection."""

INTEGRATION = {
    "http": ISOLATION["http"],
    "orm": ISOLATION["orm"],
    "conflict": (
        "async def test_conflict_{n}(client):\n"
        '    body = {{"name": NAME, "price": {n}}}\n'
        '    assert (await client.post("/items", json=body)).status_code == 201\n'
        '    assert (await client.post("/items", json=body)).status_code == 409\n'
    ),
    "validation": (
        "async def test_validation_{n}(client):\n"
        '    answer = await client.post("/items", json={{"name": "", "price": {n}}})\n'
        "    assert answer.status_code == 422\n"
    ),
    "missing": (
        "async def test_missing_{n}(client):\n"
        '    answer = await client.get("/items/00000000-0000-0000-0000-{n:012}")\n'
        "    assert answer.status_code == 404\n"
    ),
    "constraint": (
        "async def test_constraint_{n}(db_session):\n"
        "    db_session.add(Item(name=NAME, price=-{n}))\n"
        "    with pytest.raises(IntegrityError):\n"
        "        await db_session.commit()\n"
        "    await db_session.rollback()\n"
    ),
    "both": (
        "async def test_both_{n}(client, db_session):\n"
        "    db_session.add(Item(name=NAME, price={n}))\n"
        "    await db_session.commit()\n"
        '    assert (await client.get("/items")).json() == 1\n'
    ),
    "rows": (
        "async def test_rows_{n}(db_session):\n"
        '    db_session.add_all(Item(name=f"row {{i}}", price=i + 1) for i in range(20))\n'
        "    await db_session.commit()\n"
        "    total = await db_session.scalar(select(func.sum(Item.price)))\n"
        "    assert total == 210\n"
    ),
    "noop": ISOLATION["noop"],
    "committed": (
        "@pytest.mark.committed\n"
        "async def test_committed_{n}(client, db_session):\n"
        '    body = {{"name": NAME, "price": {n}}}\n'
        '    assert (await client.post("/items", json=body)).status_code == 201\n'
        "    assert await db_session.scalar(select(func.count()).select_from(Item)) == 1\n"
    ),
}
"""What a suite's integration tests do."""

MIX = (
    *("http", "orm", "both") * 4,
    *("conflict", "validation", "missing", "constraint", "rows", "noop", "http", "committed"),
)
"""The share of each kind, out of twenty; one of them commits for real."""

UNIT = {
    "rule": ("def test_rule_{n}():\n    prices = [{n}, 2, 3]\n    assert sum(prices) == {n} + 5\n"),
    "error": (
        "def test_error_{n}():\n"
        '    with pytest.raises(ValueError, match="invalid literal"):\n'
        '        int("x{n}")\n'
    ),
    "group": (
        "class TestGroup{n}:\n"
        "    def test_text(self):\n"
        '        assert "a,{n}".split(",") == ["a", "{n}"]\n'
    ),
    "fixture": (
        "def test_fixture_{n}(basket):\n    basket.append({n})\n    assert basket == [1, {n}]\n"
    ),
}
"""Unit tests that cost nothing themselves."""

_IMPORTS = """import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from backend.bench.models.bench import Item
"""
_UNIT_IMPORTS = """import pytest


@pytest.fixture
def basket():
    return [1]
"""


def write(
    folder: Path,
    kinds: dict[str, str],
    order: tuple[str, ...],
    count: int,
    *,
    head: str = "",
    per_module: int = 60,
) -> Path:
    """Write `count` tests, the kinds in turn as `order` says, into modules of `per_module`.

    `head` is for each module: marks. Returns the folder; what was in it is replaced.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("test_*.py"):
        old.unlink()
    (folder / "__init__.py").touch()
    for first in range(0, count, per_module):
        numbers = range(first, min(first + per_module, count))
        tests = [kinds[order[n % len(order)]].format(n=n + 1) for n in numbers]
        text = "".join(tests)
        imports = _IMPORTS if "Item" in text or "select(" in text else ""
        if "basket" in text:
            imports = _UNIT_IMPORTS
        elif not imports and "pytest" in text + head:
            imports = "import pytest\n"
        parts = [imports, f"NAME = {NAME!r}\n", head, *tests]
        path = folder / f"test_part_{first // per_module:03}.py"
        path.write_text("\n\n".join(filter(None, parts)), encoding="utf-8")
    return folder
