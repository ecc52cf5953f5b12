"""The hook that looks for secrets finds them, and takes no migration for one."""

from __future__ import annotations

import random
import shlex
import subprocess
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]  # the stubs are not worth a dependency

from backend.tests import PROJECT_ROOT


def run_hook(*files: Path) -> subprocess.CompletedProcess[str]:
    """Run the command of .pre-commit-config.yaml on files."""
    config = yaml.safe_load((PROJECT_ROOT / ".pre-commit-config.yaml").read_text("utf-8"))
    hooks = [hook for repo in config["repos"] for hook in repo["hooks"]]
    (entry,) = [hook["entry"] for hook in hooks if hook["id"] == "secrets"]
    command = shlex.split(entry)
    assert command[:2] == ["uv", "run"]  # left out: pytest runs in that environment already
    return subprocess.run(
        [*command[2:], *map(str, files)],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_no_id_of_a_revision_looks_like_a_secret(tmp_path: Path) -> None:
    numbers = random.Random(20261127)  # noqa: S311 (the ids only have to be the same each time)
    lines = ["depends_on: str | Sequence[str] | None = None"]
    for _ in range(1000):
        first, second = (f"{numbers.getrandbits(48):012x}" for _ in range(2))
        lines += [
            f'revision: str = "{first}"',
            f'down_revision: str | None = "{second}"',
            f'down_revision = ("{first}", "{second}")',  # what `alembic merge` writes
        ]
    migrations = tmp_path / "migrations.py"
    migrations.write_text("\n".join(lines), "utf-8")
    result = run_hook(migrations)
    assert result.returncode == 0, result.stdout[-2000:]


@pytest.mark.parametrize(
    "line",
    [
        'api_key = "3f9c2a7be1d04856"',
        'revision = "x"; key = "3f9c2a7be1d048563f9c2a7be1d04856"',
        'revision = "3f9c2a7be1d048563f9c2a7be1d04856"',
        'URL = "postgresql://app:q8Rt2mXw@db.example.com/app"',
    ],
)
def test_a_secret_is_found(tmp_path: Path, line: str) -> None:
    source = tmp_path / "source.py"
    source.write_text(f"{line}\n", "utf-8")
    assert run_hook(source).returncode == 1
