"""The repository's own Python, the plugin included: format, lint and types."""

import subprocess
import sys

import pytest

from tooling import ROOT


@pytest.mark.parametrize(
    "check", ["ruff format --check", "ruff check", "mypy"], ids=["format", "lint", "types"]
)
def test_python_is_clean(check: str) -> None:
    command = [sys.executable, "-m", *check.split()]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout[-6000:] + result.stderr
