"""What this repository's tests, benchmarks and generated files share.

`uv run python -m tooling COMMAND`: `--help` says which there are.
"""

from pathlib import Path

ROOT = Path(__file__).parents[1]
TEMPLATE = ROOT / "template"
PLUGIN = TEMPLATE / "vendor" / "pytest-greenfield"
