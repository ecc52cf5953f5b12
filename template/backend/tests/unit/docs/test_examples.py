"""The unit tests of TEMPLATES.md pass as they stand."""

from pathlib import Path

from backend.tests.documents.examples import load

globals().update(load(Path(__file__).parents[2] / "TEMPLATES.md", "unit", __name__))
