"""Let Cookiecutter read answers by their own names, as Copier does: `x` is `cookiecutter.x`."""

from typing import Any

from jinja2 import Environment
from jinja2.ext import Extension
from jinja2.runtime import Context
from jinja2.utils import missing


class FlatContext(Context):
    """A name that nothing else defines is an answer, or a computed one (`cookiecutter.__x`)."""

    def resolve_or_missing(self, key: str) -> Any:
        value = super().resolve_or_missing(key)
        if value is missing and key != "cookiecutter":
            answers = super().resolve_or_missing("cookiecutter")
            if answers is not missing:
                value = answers.get(key, answers.get(f"__{key}", missing))
        return value


class FlatNames(Extension):
    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        environment.context_class = FlatContext
