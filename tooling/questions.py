"""Read copier.yml: its settings and its questions."""

from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from copier._template import load_template_config  # the one reader that knows `!include`

from tooling import ROOT


@dataclass(frozen=True)
class Question:
    """One question of copier.yml, or a computed answer (`when: false`)."""

    name: str
    type: str
    default: Any
    help: str = ""
    choices: tuple[str, ...] = ()
    validator: str = ""
    when: bool = True


def load(root: Path = ROOT) -> tuple[dict[str, Any], list[Question]]:
    """Return the settings (`_exclude`, …) and the questions.

    Raises:
        TypeError: A question has a key that Cookiecutter has nothing for.
    """
    config = load_template_config(root / "copier.yml")
    settings = {name: value for name, value in config.items() if name.startswith("_")}
    asked = {name: value for name, value in config.items() if not name.startswith("_")}
    questions = [
        Question(name, **{**details, "choices": tuple(details.get("choices", ()))})
        for name, details in asked.items()
    ]
    return settings, questions


def combinations() -> list[dict[str, Any]]:
    """Return every combination of the questions that have choices or are yes/no."""
    values: dict[str, tuple[Any, ...]] = {
        question.name: question.choices or (True, False)
        for question in load()[1]
        if question.when and (question.choices or question.type == "bool")
    }
    return [dict(zip(values, chosen, strict=True)) for chosen in product(*values.values())]
