"""The files that are written from others: cookiecutter.json, README's options and its picture."""

import json
from pathlib import Path
from typing import Any

from tooling import ROOT, picture
from tooling.questions import Question, load

ANSWERS_FILE = Path("template", "{{ _copier_conf.answers_file }}.jinja")


def entries(question: Question) -> dict[str, Any]:
    """Return a question's entry, and the check that Cookiecutter renders right after its answer."""
    if not question.when:
        return {f"__{question.name}": question.default}
    if question.type not in {"str", "bool"}:
        raise ValueError(f"{question.name}: Cookiecutter has no question of type {question.type}")
    if question.choices:  # Cookiecutter's default is the first choice
        default = sorted(question.choices, key=lambda choice: choice != question.default)
        return {question.name: default}
    asked = {question.name: question.default}
    if question.validator:
        call = f"{{% call refuse('{question.name}') %}}{question.validator}{{% endcall %}}"
        asked[f"__check_{question.name}"] = call
    return asked


def cookiecutter_json(root: Path = ROOT) -> str:
    """Return the text of cookiecutter.json: both engines ask, check and leave out the same."""
    settings, questions = load(root)
    answers_file = (root / ANSWERS_FILE).read_text(encoding="utf-8")
    content = {
        **{name: value for question in questions for name, value in entries(question).items()},
        "__exclude": settings["_exclude"],
        "_answers_header": answers_file.splitlines()[0],
        "_extensions": ["hooks.flat_names.FlatNames", "hooks.refusals.Refusals"],
        "__prompts__": {question.name: question.help for question in questions if question.when},
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def cells(question: Question) -> list[str]:
    """Return a question's row in README's table."""
    answers = [f"`{choice}`" for choice in question.choices]
    if question.type == "bool":
        answers = ["`yes`", "`no`"]
    derived = isinstance(question.default, str) and "{" in question.default
    default = {True: "yes", False: "no"}.get(question.default, question.default)
    shown = "from the project's name" if derived else f"`{default}`"
    return [f"`{question.name}`", question.help, ", ".join(answers) or "text", shown]


def options() -> str:
    """Return README's table of options."""
    rows = [["option", "question", "answers", "default"], ["---"] * 4]
    rows += [cells(question) for question in load()[1] if question.when]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def with_sections(path: Path, sections: dict[str, str]) -> str:
    """Return the text of a page with what is between `<!-- name -->` and `<!-- end -->` replaced.

    Raises:
        KeyError: It has no such section.
    """
    page = path.read_text(encoding="utf-8")
    for name, text in sections.items():
        before, begin, rest = page.partition(f"<!-- {name} -->\n")
        _, end, after = rest.partition("<!-- end -->")
        if not begin or not end:
            raise KeyError(f"{path.name} has no <!-- {name} --> with an <!-- end -->")
        page = f"{before}{begin}{text}\n{end}{after}"
    return page


def files() -> dict[Path, str]:
    """Return every file that is written, and its text."""
    readme = ROOT / "README.md"
    return {
        ROOT / "cookiecutter.json": cookiecutter_json(),
        readme: with_sections(readme, {"options": options()}),
        picture.PICTURE: picture.svg(picture.RECORDING.read_text(encoding="utf-8")),
    }


def write() -> None:
    """Write them."""
    for path, text in files().items():
        path.write_text(text, encoding="utf-8", newline="\n")
