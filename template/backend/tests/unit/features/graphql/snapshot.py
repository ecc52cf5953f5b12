"""The released schema in `schema.graphql`, and breaking changes since.

Write and commit it at each release; a test then fails on changes that break that release's
clients: `uv run python -m backend.tests.unit.features.graphql.snapshot`.
"""

from pathlib import Path

from graphql import build_schema, find_breaking_changes

from backend.core.settings import Settings
from backend.main import create_app
from backend.tests import PROJECT_ROOT

SNAPSHOT = PROJECT_ROOT / "schema.graphql"


def describe() -> str:
    """Return the current schema in SDL."""
    sdl: str = create_app(Settings()).state.graphql.build(suggest=True).as_str()
    return f"{sdl.strip()}\n"


def breaking_changes(old: str, new: str) -> list[str]:
    """Return the changes that break clients of the old schema."""
    changes = find_breaking_changes(build_schema(old), build_schema(new))
    return sorted(change.description for change in changes)


def write(path: Path = SNAPSHOT) -> None:
    """Write the schema."""
    path.write_text(describe(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    write()
    print(f"wrote {SNAPSHOT}")
