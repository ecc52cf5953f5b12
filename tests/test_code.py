"""The repository's own Python, the plugin included: format, lint and types; and all workflows."""

import subprocess
import sys
from pathlib import Path

import pytest

from tooling import ROOT


@pytest.mark.parametrize(
    "check",
    [
        "ruff format --check",
        "ruff check",
        "mypy",
        "zizmor --offline --quiet --pedantic --config zizmor.yml .github template/.github",
    ],
    ids=["format", "lint", "types", "workflows"],
)
def test_nothing_is_found(check: str) -> None:
    program, *arguments = check.split()
    command = [str(Path(sys.executable).with_name(program)), *arguments]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout[-6000:] + result.stderr
