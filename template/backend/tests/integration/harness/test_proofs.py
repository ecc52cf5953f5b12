"""Proofs that have passed are not run again, until something that they depend on changes."""

import pytest

from backend.tests.plugins.inner_run import RunInner

PROOFS = """
    def test_holds(): ...
    def test_fails(): assert False
"""
FOLDER = "tests/integration/harness"
FILES = {
    f"{FOLDER}/test_proof.py": PROOFS,
    f"{FOLDER}/forks/test_option.py": "def test_option(): ...",
    "tests/unit/test_other.py": "def test_other(): ...",
}


@pytest.mark.slow
def test_what_has_passed_is_left_out_until_it_changes(
    inner_run: RunInner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CI", raising=False)
    everything = {"test_holds", "test_fails", "test_other"}
    first = inner_run(FILES)
    assert set(first.outcomes) == everything  # but what only an option does

    def again(*options: str, files: dict[str, str] = FILES) -> set[str]:
        return set(inner_run(files, *options, folder=first.folder).outcomes)

    assert again() == {"test_fails", "test_other"}
    assert again("-n2") == {"test_fails", "test_other"}
    assert again("--forks=2") == {"test_fails", "test_other", "test_option"}
    everything.add("test_option")
    assert again("--harness") == everything
    assert again(FOLDER) == {"test_holds", "test_fails", "test_option"}
    changed = FILES | {f"{FOLDER}/helper.py": "ANSWER = 42"}
    assert again(files=changed) == {"test_holds", "test_fails", "test_other"}
    assert again(files=changed) == {"test_fails", "test_other"}
    monkeypatch.setenv("CI", "true")
    assert again(files=changed) == everything
