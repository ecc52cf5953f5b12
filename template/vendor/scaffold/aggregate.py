"""What shall be made: an aggregate, its domain, its fields, and the names that follow from them."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Sequence
from dataclasses import dataclass

from vendor.scaffold.errors import RefusedError
from vendor.scaffold.fields import EXAMPLE, Field

LONGEST = 30
LONGEST_CONSTRAINT = 63  # PostgreSQL's identifiers are no longer


@dataclass(frozen=True)
class Aggregate:
    """An aggregate of a domain, such as `order_line`."""

    domain: str
    noun: str
    nouns: str
    fields: tuple[Field, ...]

    @classmethod
    def parse(
        cls, domain: str, noun: str, fields: Sequence[str], plural: str | None = None
    ) -> Aggregate:
        """Read what was typed; raise RefusedError, which says what to type instead."""
        check_word(domain, "a domain", "library")
        check_word(noun, "an aggregate", "book or order_line")
        if not plural and noun.endswith("s") and not noun.endswith(("ss", "us", "is")):
            raise RefusedError(
                f"{noun} looks like a plural: type {noun[:-1]}, or name the plural too, as in"
                " `series --plural all_series`."
            )
        plural = plural or pluralize(noun)
        check_word(plural, "a plural", f"`--plural {pluralize(noun)}`")
        if plural == noun:
            raise RefusedError(f"{noun} and its plural must differ: type `--plural all_{noun}`.")
        for word in (noun, plural, camel(noun), camel(plural)):
            if hasattr(builtins, word):
                raise RefusedError(f"{word} is a word of Python: choose another name.")
        parsed = tuple(map(Field.parse, fields))
        for field in parsed:
            check_word(field.name, "a field", EXAMPLE)
        names = [field.name for field in parsed]
        if twice := [name for name in names if names.count(name) > 1]:
            raise RefusedError(f"There are two fields called {twice[0]}: rename one.")
        if all(field.target for field in parsed):
            raise RefusedError(f"Name a field that is no reference, such as {EXAMPLE}.")
        constraints = [f"fk_{noun}_{field.name}_{field.target}" for field in parsed if field.target]
        if too_long := [name for name in constraints if len(name) > LONGEST_CONSTRAINT]:
            raise RefusedError(
                f"The constraint {too_long[0]} would have {len(too_long[0])} characters, and"
                f" PostgreSQL takes {LONGEST_CONSTRAINT}: choose shorter names."
            )
        return cls(domain, noun, plural, parsed)

    def names(self) -> dict[str, str]:
        """Return the words that stand in the files, by placeholder."""
        return {
            "domain": self.domain,
            "noun": self.noun,
            "nouns": self.nouns,
            "Noun": camel(self.noun),
            "Nouns": camel(self.nouns),
            "label": self.noun.replace("_", " "),
            "labels": self.nouns.replace("_", " "),
            "Labels": self.nouns.replace("_", " ").capitalize(),
            "path": self.nouns.replace("_", "-"),
        }


def check_word(word: str, what: str, example: str) -> None:
    """Refuse what cannot be a name in Python, in SQL, and in paths on every system."""
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", word):
        raise RefusedError(
            f"{word!r} is no name of {what}: type lowercase letters, digits and single"
            f" underscores, such as {example}."
        )
    if keyword.iskeyword(word):
        raise RefusedError(f"{word} is a word of Python: choose another name for {what}.")
    if len(word) > LONGEST:
        raise RefusedError(f"{word} has {len(word)} characters: {LONGEST} is the most.")


def pluralize(noun: str) -> str:
    """Return the regular plural of an English noun."""
    if re.search(r"[^aeiou]y$", noun):
        return f"{noun[:-1]}ies"
    return f"{noun}es" if re.search(r"(s|x|z|ch|sh)$", noun) else f"{noun}s"


def camel(words: str) -> str:
    """Return words as the name of a class."""
    return "".join(word.capitalize() for word in words.split("_"))
