"""Wrong answers are refused by both engines with the same sentence, and leave nothing on disk."""

import copy
import json
import keyword
import re
import sys
import unicodedata
from pathlib import Path

import pytest
from cookiecutter.exceptions import FailedHookException

from tooling.questions import load
from tooling.render import Answers, render_with_cookiecutter, render_with_copier, run_cookiecutter

SLUG = "Type it like my-backend: lowercase letters, digits and single dashes, a letter first."
LINE = "One line, please: printable characters only, and no spaces at its ends."
JINJA = "Type it without {{, {% or {#"
EMAIL = "Type it like jane@example.com."
TAKEN = ": the other is a name of Python or of a package that the project uses."

REFUSED: list[tuple[str, str, str]] = [
    ("project_name", "", "Type a name, such as My Backend."),
    ("project_name", "  ", "Type a name, such as My Backend."),
    ("project_name", "two\nlines", LINE),
    ("project_name", " padded", LINE),
    ("project_name", "bell\a", LINE),
    ("project_name", "right-to-left\u202e", LINE),
    ("project_name", "{{ 7 * 7 }}", JINJA),
    ("project_slug", "", SLUG),
    ("project_slug", "My-App", SLUG),
    ("project_slug", "3d-shop", SLUG),
    ("project_slug", "zoë", SLUG),
    ("project_slug", "a b", SLUG),
    ("project_slug", "../a", SLUG),
    ("project_slug", "a/b/c", SLUG),
    ("project_slug", "a\\b", SLUG),
    ("project_slug", "/srv/a", SLUG),
    ("project_slug", ".", SLUG),
    ("project_slug", "a--b", SLUG),
    ("project_slug", "-a", SLUG),
    ("project_slug", "a_", SLUG),
    ("project_slug", "a" * 41, "At most 40 characters; it has 41."),
    ("project_slug", "class", "Type class-backend" + TAKEN),
    ("project_slug", "json", "Type json-backend" + TAKEN),
    ("project_slug", "fastapi", "Type fastapi-backend" + TAKEN),
    ("project_slug", "pytest-asyncio", "Type pytest-asyncio-backend" + TAKEN),
    ("project_slug", "con", "Type con-backend" + TAKEN),
    ("description", "", "Type a text like A FastAPI backend."),
    ("description", "two\nlines", LINE),
    ("description", "{% raw %}", JINJA),
    ("description", "100 {% off", JINJA),
    ("description", "{# hidden #}", JINJA),
    ("author_name", "", "Type a name, such as Jane Doe."),
    ("author_name", "{{ cookiecutter }}", JINJA),
    ("author_name", "tab\tbed", LINE),
    ("author_email", "", EMAIL),
    ("author_email", "jane", EMAIL),
    ("author_email", "jane@", EMAIL),
    ("author_email", "a@b@c", EMAIL),
    ("author_email", 'jane"@example.com', EMAIL),
    ("author_email", "jane @example.com", EMAIL),
    ("author_email", "jane@exa\nmple.com", EMAIL),
    ("license", "GPL", "GPL"),
    ("python_version", "3.10", "3.10"),
    ("sample", "yes", "yes"),
    ("ci", "jenkins", "jenkins"),
]


@pytest.mark.parametrize(("question", "answer", "sentence"), REFUSED)
def test_both_engines_refuse_with_the_same_sentence(
    template: Path, tmp_path: Path, question: str, answer: str, sentence: str
) -> None:
    answers: Answers = {question: answer}
    # FailedHookException is what Cookiecutter's command prints without a traceback; it checks
    # choices itself.
    with pytest.raises((FailedHookException, ValueError)) as ours:
        render_with_cookiecutter(template, answers, tmp_path / "cookiecutter")
    with pytest.raises(ValueError) as theirs:  # noqa: PT011 (the sentence is compared below)
        render_with_copier(template, answers, tmp_path / "copier")
    assert sentence in str(ours.value)
    assert sentence in str(theirs.value)
    assert list((tmp_path / "cookiecutter").iterdir()) == []
    assert not (tmp_path / "copier").exists()


def test_the_beginning_of_each_sentence_is_enough() -> None:
    """Copier shows a sentence in one line, and only its first 36 characters in a narrow window."""
    for question, _, sentence in REFUSED:
        clause = re.split(r"[:;]", sentence)[0].replace("pytest-asyncio-backend", "name-backend")
        assert len(clause) <= 36, (question, sentence)


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("My Backend", "my-backend"),
        ("Zoë's  Größter Shop!", "zoes-grosster-shop"),
        ("ÀÉÎÕÜ ç ñ ł ž", "aeiou-c-n-l-z"),
        ("日本", "my-backend"),
        ("3D Shop", "app-3d-shop"),
        ("Platform", "platform-backend"),
        ("FastAPI", "fastapi-backend"),
        ("a_b.c", "a-b-c"),
        ("word " * 20, "word-word-word-word-word-word-word-word"),
    ],
)
def test_the_folder_name_is_derived_from_the_project_name(
    template: Path, tmp_path: Path, name: str, slug: str
) -> None:
    made = render_with_cookiecutter(
        template, {"project_name": name.strip()}, tmp_path / "cookiecutter"
    )
    project = render_with_copier(template, {"project_name": name.strip()}, tmp_path / "copier")
    assert made.name == slug
    assert f"project_slug: {slug}\n" in (project / ".copier-answers.yml").read_text("utf-8")


def test_every_accent_has_its_letter() -> None:
    _, questions = load()
    rule = next(question.default for question in questions if question.name == "project_slug")
    accents = re.findall(r"set place = '(.+?)'", rule)
    letters = re.findall(r"'([a-z]+)'\[place\]", rule)
    assert [len(accents[0])] == [len(letters[0])]
    for accent, letter in zip(accents[0], letters[0], strict=True):
        assert unicodedata.normalize("NFD", accent)[0] in {letter, *"øłıœæ"}, accent


def test_the_command_prints_the_sentence_and_no_traceback(template: Path, tmp_path: Path) -> None:
    result = run_cookiecutter(template, tmp_path / "out", "--no-input", "project_slug=a/b")
    assert result.returncode == 1
    assert result.stdout == f"project_slug: {SLUG}\n"
    assert not (tmp_path / "out").exists()


def test_python_s_own_names_are_reserved() -> None:
    _, questions = load()
    reserved = next(each.default for each in questions if each.name == "reserved_names").split()
    names = {
        name.lower() for name in {*sys.stdlib_module_names, *keyword.kwlist, *keyword.softkwlist}
    }
    assert {name for name in names if not name.startswith("_")} <= set(reserved)
    assert reserved == sorted(set(reserved))


def test_replayed_answers_are_checked_again(template: Path, tmp_path: Path) -> None:
    made = run_cookiecutter(template, tmp_path / "first", "--no-input")
    assert made.returncode == 0, made.stdout
    saved = tmp_path / "replay" / f"{template.name}.json"
    context = json.loads(saved.read_text(encoding="utf-8"))

    again = run_cookiecutter(template, tmp_path / "second", "--replay")
    assert again.returncode == 0, again.stdout
    assert (tmp_path / "second" / "my-backend" / "pyproject.toml").exists()

    for name, value, sentence in [
        ("project_slug", "../x", SLUG),
        ("license", "GPL", "Choose one of MIT, Apache-2.0, Proprietary, not GPL."),
        ("graphql", "false", "graphql: Choose true or false, not false."),
        ("_version", "0", "These saved answers belong to another version of the template"),
    ]:
        wrong = copy.deepcopy(context)
        wrong["cookiecutter"][name] = value
        saved.write_text(json.dumps(wrong), encoding="utf-8")
        refused = run_cookiecutter(template, tmp_path / "third", "--replay")
        assert refused.returncode == 1
        assert sentence in refused.stdout
        assert not (tmp_path / "third").exists()
