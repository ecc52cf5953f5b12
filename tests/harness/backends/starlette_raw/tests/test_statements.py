import httpx
import pytest
from ledger import statements


@pytest.fixture(scope="module")
def template():
    """A statement that the tests of this module know."""
    statements.store("template", "nothing yet")


@pytest.mark.parametrize("number", range(3))
def test_a_statement_is_stored(template, number):
    assert statements.stored() == ["statements/template.txt"]
    statements.store(number, f"balance {number}")
    assert httpx.get(statements.link(number)).text == f"balance {number}"
    statements.store("template", "changed")


@pytest.mark.parametrize("number", range(2))
def test_the_template_is_as_it_was(template, number):
    assert httpx.get(statements.link("template")).text == "nothing yet"
    statements.client.delete_object(Bucket=statements.BUCKET, Key="statements/template.txt")
