"""Read copier.yml: its settings and its questions."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from copier._template import load_template_config  # the one reader that knows `!include`

ROOT = Path(__file__).parents[1]


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
    """The settings (`_exclude`, …) and the questions. A key that Cookiecutter lacks: TypeError."""
    config = load_template_config(root / "copier.yml")
    settings = {name: value for name, value in config.items() if name.startswith("_")}
    asked = {name: value for name, value in config.items() if not name.startswith("_")}
    questions = [
        Question(name, **{**details, "choices": tuple(details.get("choices", ()))})
        for name, details in asked.items()
    ]
    return settings, questions
