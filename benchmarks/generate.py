"""Write test modules: the same text for our plugin and for every recipe."""

from pathlib import Path

NAME = "the same in every test: a row that stays behind breaks the next one"

ISOLATION = {
    "empty": "async def test_empty_{n}():\n    pass\n",
    "noop": "async def test_noop_{n}(db_session):\n    pass\n",
    "read": (
        "async def test_read_{n}(db_session):\n"
        '    assert await db_session.scalar(select(Item.id).where(Item.name == "none")) is None\n'
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
    # With a name of its own, for the runs in which nothing is restored.
    "two": (
        "async def test_two_{n}(client):\n"
        '    body = {{"name": "pair {n}", "price": {n}}}\n'
        '    assert (await client.post("/items/pairs", json=body)).status_code == 201\n'
    ),
}
"""The kinds of docs/speed.md's first table."""

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
    "seen": (
        "async def test_seen_{n}(client, db_session):\n"
        '    body = {{"name": NAME, "price": {n}}}\n'
        '    assert (await client.post("/items", json=body)).status_code == 201\n'
        "    assert await db_session.scalar(select(func.count()).select_from(Item)) == 1\n"
    ),
}
"""What a suite's integration tests do."""

SYNCHRONOUS = {
    kind: text.replace("async def", "def").replace("await ", "")
    for kind, text in INTEGRATION.items()
}
"""The same, for a synchronous application."""

MIX = (
    *("http", "orm", "both") * 4,
    *("conflict", "validation", "missing", "constraint", "rows", "noop", "http", "seen"),
)
"""The share of each kind, out of twenty."""

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

_DATABASE_HEAD = f"""import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from backend.bench.models.bench import Item

NAME = {NAME!r}
"""  # noqa: S608 - no SQL
_UNIT_HEAD = """import pytest


@pytest.fixture
def basket():
    return [1]
"""
_PER_MODULE = 60


def write(folder: Path, kinds: dict[str, str], order: tuple[str, ...], count: int) -> Path:
    """Write `count` tests into modules, the kinds in turn as `order` says; return the folder.

    What was in it is replaced.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("test_*.py"):
        old.unlink()
    (folder / "__init__.py").touch()
    for first in range(0, count, _PER_MODULE):
        numbers = range(first, min(first + _PER_MODULE, count))
        tests = [kinds[order[n % len(order)]].format(n=n + 1) for n in numbers]
        head = _UNIT_HEAD if kinds is UNIT else "" if order == ("empty",) else _DATABASE_HEAD
        path = folder / f"test_part_{first // _PER_MODULE:03}.py"
        path.write_text("\n\n".join(filter(None, [head, *tests])), encoding="utf-8")
    return folder
