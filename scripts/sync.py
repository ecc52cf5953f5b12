"""Write cookiecutter.json from copier.yml: both engines ask, check and leave out the same."""

import json
from pathlib import Path
from typing import Any

from scripts.questions import ROOT, Question, load

TARGET = ROOT / "cookiecutter.json"
ANSWERS_FILE = Path("template", "{{ _copier_conf.answers_file }}.jinja")


def entries(question: Question) -> dict[str, Any]:
    """A question's entry, and the check of its answer that Cookiecutter renders right after it."""
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


def cookiecutter(root: Path = ROOT) -> dict[str, Any]:
    settings, questions = load(root)
    answers_file = (root / ANSWERS_FILE).read_text(encoding="utf-8")
    return {
        **{name: value for question in questions for name, value in entries(question).items()},
        "__exclude": settings["_exclude"],
        "_answers_header": answers_file.splitlines()[0],
        "_extensions": ["hooks.flat_names.FlatNames", "hooks.refusals.Refusals"],
        "__prompts__": {question.name: question.help for question in questions if question.when},
    }


def text(root: Path = ROOT) -> str:
    return json.dumps(cookiecutter(root), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8", newline="\n")
