"""The schema that clients have, in `schema.graphql`, and what would break them.

At each release, write it and commit it; from then on a test fails when a change breaks that
release's clients: `uv run python -m backend.tests.unit.features.graphql.snapshot`.
"""

from pathlib import Path

from graphql import build_schema, find_breaking_changes

from backend.core.settings import Settings
from backend.main import create_app
from backend.tests import PROJECT_ROOT

SNAPSHOT = PROJECT_ROOT / "schema.graphql"


def describe() -> str:
    """Return the schema as it is now, in GraphQL's own language."""
    sdl: str = create_app(Settings()).state.graphql.build(suggest=True).as_str()
    return f"{sdl.strip()}\n"


def breaking_changes(old: str, new: str) -> list[str]:
    """Return what a client that knows the old schema can no longer do or rely on."""
    changes = find_breaking_changes(build_schema(old), build_schema(new))
    return sorted(change.description for change in changes)


def write(path: Path = SNAPSHOT) -> None:
    """Write the schema."""
    path.write_text(describe(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    write()
    print(f"wrote {SNAPSHOT}")
