"""Conventions of the tables. All tests but the last cover every domain."""

from pathlib import Path

import pytest
from sqlalchemy import DateTime, Enum, Table, UniqueConstraint

from backend.accounts.models.customer import Customer, Role
from backend.core.domains import load_metadata

TABLES = sorted(load_metadata().tables.values(), key=lambda table: table.name)


def test_there_is_a_migration_for_each_table() -> None:
    versions = Path("migrations/versions")
    text = "".join(path.read_text(encoding="utf-8") for path in versions.rglob("*.py"))
    missing = [t.name for t in TABLES if f'create_table(\n        "{t.name}"' not in text]
    assert missing == []


@pytest.mark.parametrize("table", TABLES, ids=str)
def test_every_time_has_a_zone(table: Table) -> None:
    times = [column.type for column in table.columns if isinstance(column.type, DateTime)]
    assert all(kind.timezone for kind in times)


@pytest.mark.parametrize("table", TABLES, ids=str)
def test_every_foreign_key_has_an_index_and_says_what_deleting_does(table: Table) -> None:
    leading = {index.columns[0].name for index in table.indexes if index.columns}
    leading |= {
        constraint.columns[0].name
        for constraint in table.constraints
        if isinstance(constraint, UniqueConstraint)
    }
    leading.add(table.primary_key.columns[0].name)
    for column in table.columns:
        for key in column.foreign_keys:
            assert column.name in leading
            assert key.ondelete in {"CASCADE", "RESTRICT"}


def test_a_role_is_stored_as_text() -> None:
    role = Customer.__table__.columns["role"].type
    assert isinstance(role, Enum)
    assert role.enums == [member.value for member in Role]
    assert not role.native_enum
    assert role.length is not None
    assert max(map(len, role.enums)) <= role.length
