"""The types of fields, and how each is written in a model, a schema, a factory and a test."""

from __future__ import annotations

from dataclasses import dataclass

from vendor.scaffold.errors import RefusedError


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A type of field; all values are Python as it is written into the files."""

    python: str
    """The type of the model's attribute."""
    column: str = ""
    """The arguments of `mapped_column`."""
    schema: str = ""
    """The type in what clients send, unless it is `python`."""
    limits: str = ""
    """Further arguments of the schema's `Field`."""
    never_read: str
    """Makes the default that the schema of a change needs and nobody reads."""
    value: str
    """The factory's value; `{title}` is the field's name in words."""
    other: str
    """One more value, as JSON has it."""
    wrong: tuple[str, ...]
    """Values that are refused."""


KINDS = {
    "str": Kind(
        python="str",
        column="String(200)",
        schema="Line",
        limits="max_length=200",
        never_read="str",
        value='f"{title} {{number}}"',
        other='"Another"',
        wrong=('""', '"x" * 201', '"\\x00"', "7"),
    ),
    "int": Kind(
        python="int",
        column="BigInteger",
        never_read="int",
        value="number",
        other="42",
        wrong=('"many"', "1.5", "2**63"),
    ),
    "bool": Kind(python="bool", never_read="bool", value="True", other="False", wrong=('"maybe"',)),
    "decimal": Kind(
        python="Decimal",
        column="Numeric(12, 2)",
        limits="max_digits=12, decimal_places=2",
        never_read="Decimal",
        value='Decimal("9.99")',
        other='"1.50"',
        wrong=('"much"', '"0.001"', '"10000000000"', '"NaN"'),
    ),
    "datetime": Kind(
        python="datetime",
        column="DateTime(timezone=True)",
        schema="AwareDatetime",
        # Python, the driver and PostgreSQL disagree about what lies far out.
        limits="ge=datetime(1970, 1, 1, tzinfo=UTC), lt=datetime(2200, 1, 1, tzinfo=UTC)",
        never_read="datetime.now",
        value="datetime(2026, 1, 1, tzinfo=UTC)",
        other='"2030-01-01T00:00:00Z"',
        wrong=('"now"', '"2026-01-01T00:00:00"'),
    ),
    "date": Kind(
        python="date",
        never_read="date.today",
        value="date(2026, 1, 1)",
        other='"2030-01-01"',
        wrong=('"today"', '"2026-02-30"'),
    ),
    "uuid": Kind(
        python="UUID",
        never_read="uuid4",
        value="uuid4()",
        other='"11111111-2222-4333-8444-555555555555"',
        wrong=('"x"',),
    ),
}
EXAMPLE = "title:str, price:decimal, note:str:optional or author:ref:AGGREGATE"


@dataclass(frozen=True)
class Field:
    """One field of an aggregate."""

    name: str
    kind: Kind
    target: str = ""
    """The aggregate that it refers to."""
    optional: bool = False

    @classmethod
    def parse(cls, text: str) -> Field:
        """Read `NAME:TYPE`, `NAME:ref:AGGREGATE`, each with `:optional` or without."""
        name, *parts = text.split(":")
        if optional := parts[-1:] == ["optional"]:
            parts.pop()
        if parts[:1] == ["ref"] and len(parts) == 2:
            return cls(f"{name}_id", KINDS["uuid"], parts[1], optional)
        if len(parts) != 1 or parts[0] not in KINDS:
            raise RefusedError(
                f"{text} is no field: type {EXAMPLE}. The types are {', '.join(KINDS)}."
            )
        return cls(name, KINDS[parts[0]], "", optional)

    @property
    def title(self) -> str:
        """The name in words."""
        return self.name.replace("_", " ").capitalize()

    def column(self) -> str:
        """Return the line of the model."""
        kind, arguments = self._typed(self.kind.python), self.kind.column
        if self.target:
            arguments = f'ForeignKey("{self.target}.id", ondelete="RESTRICT"), index=True'
        assigned = f" = mapped_column({arguments})" if arguments else ""
        return f"{self.name}: Mapped[{kind}]{assigned}"

    def sent(self) -> str:
        """Return the line of the schema of what clients send."""
        return self._schema("default=None" if self.optional else "")

    def changed(self) -> str:
        """Return the line of the schema of a change."""
        never_read = f"default_factory={self.kind.never_read}"
        return self._schema("default=None" if self.optional else never_read)

    def shown(self) -> str:
        """Return the line of the schema of what clients get."""
        return f"{self.name}: {self._typed(self.kind.python)}"

    def made(self) -> str:
        """Return the line of the factory."""
        return f'"{self.name}": {self.kind.value.format(title=self.title)},'

    def wrong(self) -> list[str]:
        """Return cases of values that are refused."""
        values = [*self.kind.wrong, *([] if self.optional else ["None"])]
        return [f'("{self.name}", {value}),' for value in values]

    def _typed(self, kind: str) -> str:
        return f"{kind} | None" if self.optional else kind

    def _schema(self, default: str) -> str:
        arguments = ", ".join(filter(None, (default, self.kind.limits)))
        if arguments == "default=None":
            assigned = " = None"
        else:
            assigned = f" = Field({arguments})" if arguments else ""
        return f"{self.name}: {self._typed(self.kind.schema or self.kind.python)}{assigned}"
