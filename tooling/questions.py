"""Read copier.yml: its settings and its questions."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
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


def choices() -> dict[str, tuple[Any, ...]]:
    """Return what can be answered to the questions that have choices or are yes/no."""
    return {
        question.name: question.choices or (True, False)
        for question in load()[1]
        if question.when and (question.choices or question.type == "bool")
    }


def combinations() -> list[dict[str, Any]]:
    """Return every combination of answers."""
    values = choices()
    return [dict(zip(values, chosen, strict=True)) for chosen in product(*values.values())]


def pairs(values: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Return few combinations in which every two answers to two questions occur together.

    Each begins with a pair that is missing yet, and is filled up, question by question, with the
    answer that adds most missing pairs (as AETG does: Cohen et al., 1997).
    """
    missing = {
        frozenset({(one, first), (other, second)})
        for one, other in itertools.combinations(values, 2)
        for first, second in product(values[one], values[other])
    }
    rows = []
    while missing:
        row: dict[str, Any] = dict(min(missing, key=_sorted))
        for name in sorted(values.keys() - row):
            row[name] = max(
                values[name],
                key=lambda value: len(missing & _pairs_of({**row, name: value})),
            )
        missing -= _pairs_of(row)
        rows.append({name: row[name] for name in values})
    return rows


def _pairs_of(row: Mapping[str, Any]) -> set[frozenset[tuple[str, Any]]]:
    return {frozenset(pair) for pair in itertools.combinations(row.items(), 2)}


def _sorted(pair: Iterable[tuple[str, Any]]) -> list[tuple[str, str]]:
    return sorted((name, str(value)) for name, value in pair)
