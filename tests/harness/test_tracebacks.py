"""A failure shows the project's frames and the causes, and no frame of a library."""

from tests.harness.conftest import RunSuite

FAILURE = """
    import json

    def parse(text):
        try:
            return json.loads(text)
        except ValueError as error:
            raise RuntimeError("no JSON") from error

    def test_parse(): parse("{")
"""


def test_only_the_projects_frames_are_shown(run: RunSuite) -> None:
    failure = run({"tests/unit/test_a.py": FAILURE}).messages["test_parse"]
    assert "return json.loads(text)" in failure
    assert "JSONDecodeError" in failure
    assert "RuntimeError: no JSON" in failure
    assert "raw_decode" not in failure
    assert "raw_decode" in run({}, "--full-trace").messages["test_parse"]
