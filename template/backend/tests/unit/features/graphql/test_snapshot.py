"""The schema is compatible with the last release."""

from pathlib import Path

import pytest

from backend.tests.unit.features.graphql import snapshot

OLD = """
type Query { mug(id: Int!, size: Int = 1): Mug, mugs: [Mug!]! }
type Mug { id: Int!, colour: Colour! }
enum Colour { RED BLUE }
"""


def change(before: str, after: str) -> list[str]:
    assert before in OLD
    return snapshot.breaking_changes(OLD, OLD.replace(before, after))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (", mugs: [Mug!]!", ""),
        ("colour: Colour!", "colour: Colour"),
        ("size: Int = 1", "size: Int!"),
        ("RED BLUE", "RED"),
        ("id: Int!, colour", "id: String!, colour"),
    ],
)
def test_breaking_changes_are_named(before: str, after: str) -> None:
    assert len(change(before, after)) == 1


@pytest.mark.parametrize(
    ("before", "after"),
    [("mugs: [Mug!]!", "mugs: [Mug!]!, jugs: [Mug!]!"), ("id: Int!, size", "id: Int, size")],
)
def test_additions_break_no_client(before: str, after: str) -> None:
    assert change(before, after) == []


def test_nothing_breaks_the_clients_of_the_last_release() -> None:
    if not snapshot.SNAPSHOT.exists():
        command = f"uv run python -m {snapshot.__name__}"
        pytest.skip(f"no release is known; at the first one write it with: {command}")
    old = snapshot.SNAPSHOT.read_text(encoding="utf-8")
    assert snapshot.breaking_changes(old, snapshot.describe()) == []


def test_the_snapshot_is_the_schema_and_can_be_read_again(tmp_path: Path) -> None:
    path = tmp_path / "schema.graphql"
    snapshot.write(path)
    written = path.read_text(encoding="utf-8")
    assert "health: Health!" in written
    assert snapshot.breaking_changes(written, snapshot.describe()) == []
    changed = written.replace("version: String!", "version: Int!", 1)
    broken = "Field Query.version changed type from Int! to String!."
    assert broken in snapshot.breaking_changes(changed, written)
