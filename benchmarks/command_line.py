"""The options that every benchmark has."""

import argparse
from pathlib import Path


def parser(description: str | None) -> argparse.ArgumentParser:
    """`--json`, `--keep`, `--quick`; a benchmark adds its own."""
    made = argparse.ArgumentParser(
        description=description,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--json", type=Path, help="where the results go")
    made.add_argument("--keep", type=Path, help="a folder whose environment the next run takes")
    made.add_argument("--quick", action="store_true", help="the smallest run, which proves nothing")
    return made
