"""The template's own files agree with each other."""

import json
import re
import tomllib
from pathlib import Path

import pytest
import yaml

from tooling import ROOT, TEMPLATE, generated
from tooling.questions import load
from tooling.render import render_with_copier

NAME = r"[^*?\[\]!#{}/\\]+"
EXCLUDED = re.compile(rf"{{% if [^%]+ %}}/((?:(?:{NAME}|\*)/)*{NAME}){{% endif %}}")


@pytest.mark.parametrize("path", generated.files(), ids=lambda path: path.name)
def test_generated_files_are_what_sync_writes(path: Path) -> None:
    written = path.read_text(encoding="utf-8")
    assert written == generated.files()[path], "run: uv run python -m tooling sync"


def test_copier_needs_no_trust() -> None:
    settings, _ = load()
    assert not settings.keys() & {"_tasks", "_jinja_extensions", "_migrations"}


@pytest.mark.parametrize("entry", load()[0]["_exclude"])
def test_each_excluded_path_is_plain_and_exists(entry: str) -> None:
    match = EXCLUDED.fullmatch(entry)
    assert match, "one anchored path per entry; a segment before the last may be `*`, no other glob"
    assert any(TEMPLATE.glob(match[1])) or any(TEMPLATE.glob(f"{match[1]}.jinja"))


@pytest.mark.parametrize(
    "path",
    ["a", "/a/", "/", "/*", "/a/*", "/a/**/b", "/a/*b/c", "/a/b*", "/a?", "/[ab]", "!/a", "//a"],
)
def test_another_form_of_an_excluded_path_is_noticed(path: str) -> None:
    assert not EXCLUDED.fullmatch(f"{{% if ci == 'none' %}}{path}{{% endif %}}")


def test_every_question_has_a_plain_help_and_a_default() -> None:
    for question in load()[1]:
        assert question.default is not None
        if question.when:
            assert re.fullmatch(r"[A-Z][^.!?{}]+\?", question.help), question.name


def test_no_jinja_in_python_and_no_conditional_names() -> None:
    for path in TEMPLATE.rglob("*"):
        assert not path.is_symlink(), path
        assert not path.name.endswith(".py.jinja"), path
        assert "{%" not in path.name, path


def test_templates_have_unix_line_ends() -> None:
    for path in TEMPLATE.rglob("*.jinja"):
        assert b"\r" not in path.read_bytes(), path


def test_both_projects_pin_the_same_day() -> None:
    def day(text: str) -> str:
        return str(tomllib.loads(text)["tool"]["uv"]["exclude-newer"])

    ours = day((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    theirs = (TEMPLATE / "pyproject.toml.jinja").read_text(encoding="utf-8")
    assert f'exclude-newer = "{ours}"' in theirs


def test_no_lock_is_committed() -> None:
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert "uv.lock" in ignored
    assert not list(TEMPLATE.rglob("uv.lock"))


LAYERS = re.compile(r"^layers = .*$", re.MULTILINE)
STAYS_BY_HAND = {
    Path("backend/core/circuit_breaker.py"),
    Path("backend/core/clock.py"),
    Path("backend/core/unit_of_work.py"),
    Path("backend/seed.py"),
    Path("backend/tests/fakes/clock.py"),
    Path("backend/tests/fixtures/websocket.py"),
    Path("backend/tests/integration/core/test_unit_of_work.py"),
    Path("backend/tests/integration/test_seed.py"),
    Path("backend/tests/unit/core/test_circuit_breaker.py"),
}
"""What only domains use, and works without one where the sample was taken out by hand."""
WORDS = {
    "accounts": re.compile(r"\b(customers?|refresh_tokens?|argon2\w*|accounts)\b", re.IGNORECASE),
    "shop": re.compile(r"\b(shop|products?|payments?|order_lines?|outbox)\b", re.IGNORECASE),
}


@pytest.mark.parametrize(
    ("sample", "absent"), [("none", ["accounts", "shop"]), ("accounts", ["shop"])]
)
def test_a_smaller_sample_is_a_subset_without_a_word_of_the_rest(
    template: Path, tmp_path: Path, sample: str, absent: list[str]
) -> None:
    full = render_with_copier(template, {"sample": "shop"}, tmp_path / "shop")
    made = render_with_copier(template, {"sample": sample}, tmp_path / sample)
    assert paths(made) < paths(full)
    gone = {path for path in paths(full) - paths(made) if not set(path.parts) & set(absent)}
    assert gone <= STAYS_BY_HAND
    for name in absent:
        found = {
            str(path): sorted({match[0] for match in WORDS[name].finditer(text)})
            for path in sorted(paths(made))
            if path.parts[0] != "vendor"
            # The one line that orders domains is the same in every project.
            and WORDS[name].search(text := LAYERS.sub("", (made / path).read_text("utf-8")))
        }
        assert found == {}


def paths(project: Path) -> set[Path]:
    """The files of a project, seen from its root."""
    return {path.relative_to(project) for path in project.rglob("*") if path.is_file()}


def test_the_sample_has_few_excludes() -> None:
    assert sum("if sample " in entry for entry in load()[0]["_exclude"]) <= 20


def test_editors_settings_are_json_whatever_the_project_is_called(
    template: Path, tmp_path: Path
) -> None:
    project = render_with_copier(template, {"project_name": "Jo's \"\\ Shop"}, tmp_path)
    container = json.loads((project / ".devcontainer" / "devcontainer.json").read_text("utf-8"))
    assert container["name"] == "Jo's \"\\ Shop"
    assert json.loads((project / ".vscode" / "settings.json").read_text("utf-8"))
    recommended = json.loads((project / ".vscode" / "extensions.json").read_text("utf-8"))
    in_container = container["customizations"]["vscode"]["extensions"]
    assert recommended["recommendations"] == in_container


def test_workflows_pin_actions_by_commit() -> None:
    for path in (ROOT / ".github" / "workflows").glob("*.yml"):
        workflow = path.read_text(encoding="utf-8")
        assert yaml.safe_load(workflow)["permissions"] == {"contents": "read"}, path.name
        for line in workflow.splitlines():
            if "uses:" in line:
                assert re.search(r"uses: [\w./-]+@[0-9a-f]{40} # v\d", line), f"{path.name}: {line}"
