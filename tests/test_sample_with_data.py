"""Another sample for a project whose database has rows: the steps of docs/update.md, done."""

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from hooks.verify import environment
from tests.test_updates import assert_no_conflict, update
from tooling.git import commit, git
from tooling.render import render_with_copier
from tooling.uv import uv

pytestmark = [pytest.mark.nightly, pytest.mark.timeout(900)]

OWN_REVISION = '''
"""Something of the project's own."""
from alembic import op

revision = "own1"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE TABLE note AS SELECT 'mine' AS body")


def downgrade() -> None:
    op.execute("DROP TABLE note")
'''

Rows = Callable[[str], list[tuple[object, ...]]]


@pytest.fixture
def project(template: Path, tmp_path: Path) -> Path:
    """A shop, committed and installed."""
    project = render_with_copier(template, {"sample": "shop"}, tmp_path)
    uv(project, "sync", "--quiet")
    commit(project, "new")
    return project


@pytest.fixture
def rows(project: Path) -> Iterator[Rows]:
    """The rows that a query of the project's development database gives; the server runs."""
    process = subprocess.Popen(
        ["uv", "run", "pytest-greenfield", "serve", "--env-file", ".env"],
        cwd=project,
        env={**environment(), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    home = None
    try:
        for line in process.stdout:
            if found := re.search(r"data in (.+); Ctrl-C", line):
                home = Path(found[1])
            if line.startswith("DATABASE_URL="):
                break
        url = line.partition("=")[2].strip()

        def query(statement: str) -> list[tuple[object, ...]]:
            with psycopg.connect(url) as connection:
                return connection.execute(statement.encode()).fetchall()

        yield query
    finally:
        process.terminate()
        process.communicate(timeout=60)
        if home is not None:
            shutil.rmtree(home)


def tables(rows: Rows) -> set[object]:
    listed = rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    return {name for (name,) in listed}


def take(project: Path, sample: str) -> None:
    """Change the answer as docs/update.md says, and commit what came of it."""
    if git(project, "status", "--porcelain"):
        commit(project)
    update(project, data={"sample": sample})
    assert_no_conflict(project)
    uv(project, "lock", "--quiet")
    commit(project, sample)


def test_rows_that_stay_are_not_touched(project: Path, rows: Rows) -> None:
    uv(project, "run", "alembic", "upgrade", "head")
    uv(project, "run", "python", "-m", "backend.seed")
    accounts = rows("SELECT * FROM customer ORDER BY id")
    assert len(accounts) == 2
    assert len(rows('SELECT * FROM "order"')) == 1

    # Less of the sample.
    uv(project, "run", "alembic", "downgrade", "0001")
    take(project, "accounts")
    uv(project, "run", "alembic", "upgrade", "head")
    uv(project, "run", "alembic", "check")
    assert tables(rows) == {"alembic_version", "customer", "refresh_token"}
    uv(project, "run", "python", "-m", "backend.seed")
    assert rows("SELECT * FROM customer ORDER BY id") == accounts

    # More of it, with a revision of one's own.
    (project / "migrations" / "versions" / "own.py").write_text(OWN_REVISION, encoding="utf-8")
    uv(project, "run", "alembic", "upgrade", "head")
    take(project, "shop")
    migrations = "backend/tests/integration/infrastructure/test_migrations.py"
    with pytest.raises(RuntimeError, match="alembic merge heads"):
        uv(project, "run", "pytest", "-q", migrations, "-k", "newest")
    uv(project, "run", "alembic", "merge", "heads", "-m", "merge the sample")
    uv(project, "run", "alembic", "upgrade", "head")
    uv(project, "run", "pytest", "-q", migrations, "-k", "newest")
    assert rows("SELECT * FROM customer ORDER BY id") == accounts
    assert rows("SELECT * FROM note") == [("mine",)]
    assert rows("SELECT * FROM product") == []
    uv(project, "run", "python", "-m", "backend.seed")
    assert len(rows("SELECT * FROM product")) == 4


def test_a_forgotten_downgrade_is_made_up_for_with_the_old_commit(
    project: Path, rows: Rows
) -> None:
    uv(project, "run", "alembic", "upgrade", "head")
    uv(project, "run", "python", "-m", "backend.seed")
    take(project, "accounts")
    with pytest.raises(RuntimeError, match="Can't locate revision identified by '0007'"):
        uv(project, "run", "alembic", "upgrade", "head")
    git(project, "checkout", "--quiet", "HEAD~1")
    uv(project, "run", "alembic", "downgrade", "0001")
    git(project, "checkout", "--quiet", "-")
    uv(project, "run", "alembic", "upgrade", "head")
    assert tables(rows) == {"alembic_version", "customer", "refresh_token"}
    assert len(rows("SELECT * FROM customer")) == 2
