"""Refuse wrong answers in Cookiecutter with copier.yml's sentences, before anything is on disk.

Cookiecutter has no validators, and makes the project's folder before its pre_gen hook. So these
checks run while it renders: after each answer (`{% call refuse("name") %}` in cookiecutter.json),
and all of them again, replayed answers included, when it renders the project folder's name.
"""

import atexit
import json
import os
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from cookiecutter.exceptions import FailedHookException
from jinja2 import Environment
from jinja2.ext import Extension

from hooks import leftovers
from hooks.paths import leave_out
from hooks.pre_prompt import TREE
from hooks.verify import MODES, VARIABLE

HERE = Path(__file__).parent
CHECK = "__check_"
MARKS = ("{{", "{%", "{#")


class Refusal(FailedHookException):
    """An answer cannot be used; Cookiecutter prints the sentence and exits with 1."""


def refuse(question: str, caller: Callable[[], str]) -> str:
    """Raise what the validator in the call's body says; nothing means that the answer is good."""
    if sentence := caller().strip():
        raise Refusal(f"{question}: {sentence}")
    return ""


def refuse_saved_choices(questions: dict[str, Any], answers: dict[str, Any]) -> None:
    """Replayed answers went past Cookiecutter's own check of choices."""
    for name, asked in questions.items():
        if isinstance(asked, list) and not name.startswith("_") and answers[name] not in asked:
            raise Refusal(f"{name}: Choose one of {', '.join(asked)}, not {answers[name]}.")
        if isinstance(asked, bool) and not isinstance(answers[name], bool):
            raise Refusal(f"{name}: Choose true or false, not {answers[name]}.")


def refuse_unwritable(folder: Path) -> None:
    parent = next(path for path in [folder, *folder.parents] if path.exists())
    try:
        tempfile.TemporaryDirectory(dir=parent).cleanup()
    except OSError as error:
        sentence = f"Cannot write in {parent} ({error.strerror}): choose another with --output-dir."
        raise Refusal(sentence) from error


def checked_folder(environment: Environment, answers: dict[str, Any]) -> str:
    """The name of the project's folder, when every answer and the machine are as they must be."""
    path = Path(answers["_repo_dir"], "cookiecutter.json")
    questions = json.loads(path.read_text(encoding="utf-8"))
    if answers.get("_version") != questions["_version"]:
        raise Refusal(
            "These saved answers belong to another version of the template: "
            "run without --replay, or add --checkout with that version."
        )
    refuse_saved_choices(questions, answers)
    for name, rule in questions.items():
        if name.startswith(CHECK):
            environment.from_string(rule).render(cookiecutter=answers)
    if (mode := os.environ.get(VARIABLE, "")) not in MODES:
        raise Refusal(f"{VARIABLE}={mode}: Set it to strict, to 0, or not at all.")
    refuse_unwritable(Path(answers["_output_dir"]))
    tree = Path(answers["_repo_dir"], TREE)
    leave_out(tree, answers["__exclude"])
    leftovers.note_project(HERE.parent, Path(answers["_output_dir"], answers["project_slug"]), tree)
    # The hooks run elsewhere; paths in their messages and in the answers file start from here.
    answers["_started_in"] = str(Path.cwd())
    return str(answers["project_slug"])


def forget_modules() -> None:
    """Let the next run in this process import the hooks of its own copy of the template."""
    for name in [name for name in sys.modules if name.split(".")[0] == __package__]:
        del sys.modules[name]


def strings(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set().union(*map(strings, value.values()))
    if isinstance(value, list):
        return set().union(*map(strings, value))
    return {value} if isinstance(value, str) else set()


class Refusals(Extension):
    """Offer the checks to Jinja, and keep Cookiecutter from rendering Jinja inside an answer."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        environment.globals["refuse"] = refuse
        environment.globals["checked_folder"] = partial(checked_folder, environment)
        self.ours: set[str] | None = None
        atexit.register(leftovers.remove, HERE.parent)
        forget_modules()

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        """Cookiecutter renders defaults, and takes answers of the command line for defaults."""
        if (
            name is None
            and any(mark in source for mark in MARKS)
            and source not in self.own_sources()
        ):
            raise Refusal("Type it without {{, {% or {#: " + " ".join(source.split())[:60])
        return source

    def own_sources(self) -> set[str]:
        if self.ours is None:
            questions = (HERE.parent / "cookiecutter.json").read_text(encoding="utf-8")
            hooks = {path.read_text(encoding="utf-8") for path in HERE.glob("*.py")}
            self.ours = (
                strings(json.loads(questions)) | hooks | {"{{ checked_folder(cookiecutter) }}"}
            )
        return self.ours
