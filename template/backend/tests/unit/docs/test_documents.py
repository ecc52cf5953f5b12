"""What the project's documents say is so, and what the harness offers is in them."""

from pathlib import Path

import pytest

from backend.tests.documents.checks import problems
from backend.tests.documents.facts import Facts, public_names
from backend.tests.documents.markdown import Document, find
from backend.tests.plugins.layers import LAYERS, MARKERS

ROOT = Path(__file__).parents[4]
TESTS = ROOT / "backend/tests"


@pytest.fixture(scope="module")
def facts(request: pytest.FixtureRequest) -> Facts:
    return Facts.of(request.session)


def read(path: Path) -> Document:
    return Document(path, path.read_text(encoding="utf-8"))


def documented(kind: str) -> set[str]:
    """The names in the tables of all documents whose first heading is `kind`."""
    return {
        name.text.partition("(")[0]
        for path in find(ROOT)
        for table in read(path).tables
        if table.header[0] == kind
        for name in table.names
    }


@pytest.mark.parametrize("path", find(ROOT), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_document_says_what_is_so(path: Path, facts: Facts) -> None:
    assert problems(read(path), facts) == []


class TestNothingIsMissing:
    def test_every_fixture_is_in_a_table(self, facts: Facts) -> None:
        assert (facts.own_fixtures | facts.shared_fixtures) - documented("fixture") == set()

    def test_every_marker_is_in_a_table(self) -> None:
        registered = {line.partition(":")[0].partition("(")[0] for line in MARKERS}
        assert registered - documented("marker") == set()

    def test_every_helper_is_in_a_table(self) -> None:
        assert public_names(TESTS / "async_utils.py") - documented("helper") == set()

    def test_every_variable_of_the_harness_is_in_a_table(self, facts: Facts) -> None:
        read_by_harness = facts.variables_below("backend/tests/plugins")
        own = {name for name in read_by_harness if name.startswith("TEST_")}
        assert own - documented("variable") == set()

    def test_every_layer_has_its_own_guide(self) -> None:
        folders = [TESTS / name for name in LAYERS if (TESTS / name).is_dir()]
        assert [folder.name for folder in folders if not (folder / "AGENTS.md").is_file()] == []

    def test_the_other_name_leads_to_the_same_guide(self) -> None:
        assert (ROOT / "CLAUDE.md").read_text(encoding="utf-8") == "@AGENTS.md\n"
