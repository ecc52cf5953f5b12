"""The project that the files are made for: what is there already, and a copy to try them in."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vendor.scaffold.aggregate import Aggregate
from vendor.scaffold.errors import RefusedError

LAYERS = re.compile(r"^layers = \[[^\]]*\"backend\.core\"", re.MULTILINE)


class Project:
    """A project by its root folder, which is the current one."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.guarded = (root / "backend/accounts/api/auth.py").is_file()

    def check_names(self, aggregate: Aggregate) -> None:
        """Refuse a table that is there, and fields that a base class has."""
        from backend.core.domains import load_metadata
        from backend.core.models import Base
        from backend.core.schemas import Output, Patch

        if aggregate.noun in load_metadata().tables:
            raise RefusedError(f"There is a table {aggregate.noun} already: choose another name.")
        for field in aggregate.fields:
            for kind in (Base, Patch, Output):
                if hasattr(kind, field.name):
                    raise RefusedError(
                        f"{field.name} is an attribute of {kind.__module__}.{kind.__name__}:"
                        f" call the field {aggregate.noun}_{field.name}."
                    )

    def find_factories(self, aggregate: Aggregate) -> dict[str, str]:
        """Return the import of the factory for each aggregate that a field refers to."""
        from backend.core.domains import load_metadata
        from backend.core.models import Base

        load_metadata()
        models = {
            str(mapper.local_table): mapper.class_.__name__ for mapper in Base.registry.mappers
        }
        found = {}
        for target in sorted({field.target for field in aggregate.fields} - {""}):
            if target not in models:
                there = ", ".join(sorted(models)) or "none yet"
                raise RefusedError(
                    f"There is no aggregate {target} to refer to; there are: {there}."
                )
            found[target] = self._find_factory(f"{models[target]}Factory")
        return found

    def _find_factory(self, name: str) -> str:
        for path in sorted((self.root / "backend/tests/factories").rglob("*.py")):
            if re.search(rf"^class {name}\b", path.read_text("utf-8"), re.MULTILINE):
                module = ".".join(path.relative_to(self.root).with_suffix("").parts)
                return f"from {module} import {name}"
        raise RefusedError(f"backend/tests/factories/ has no {name}, which the tests need: add it.")

    def select(self, aggregate: Aggregate, rendered: dict[str, str]) -> dict[str, str]:
        """Return the files that are not there yet, by path in the project.

        A new domain's folders must be new, and all files of an aggregate.
        """
        is_new = not (self.root / "backend" / aggregate.domain / "domain.py").is_file()
        files = {}
        for name, text in rendered.items():
            part, _, path = name.partition("/")
            target = self.root / path
            folder = next(one for one in target.parents if one.name == aggregate.domain)
            if is_new and folder.exists():
                raise RefusedError(
                    f"{aggregate.domain} is no domain, but {folder.relative_to(self.root)} exists:"
                    " choose another name, or delete that folder."
                )
            if target.exists() and part == "aggregate":
                raise RefusedError(f"{path} exists already: choose another name, or delete it.")
            if not target.exists():
                files[path] = text
        return files

    def add_layer(self, domain: str) -> str | None:
        """Return pyproject.toml with the domain in the contract of layers; None: nothing to do."""
        text = (self.root / "pyproject.toml").read_text("utf-8")
        found = LAYERS.search(text)
        if (
            found is None
            or f'"(backend.{domain})"' in found[0]
            or f'"backend.{domain}"' in found[0]
        ):
            return None
        above = '"(backend.features)"' if '"(backend.features)"' in found[0] else '"backend.main"'
        layers = found[0].replace(f"{above},", f'{above}, "(backend.{domain})",')
        changed = text.replace(found[0], layers)
        tomllib.loads(changed)
        return changed if layers != found[0] else None

    @contextmanager
    def copied(self) -> Iterator[Path]:
        """Copy what Alembic and ruff need into a temporary folder."""
        with tempfile.TemporaryDirectory(prefix="scaffold-") as folder:
            copy = Path(folder)
            for name in ("backend", "migrations"):
                ignored = shutil.ignore_patterns("__pycache__")
                shutil.copytree(self.root / name, copy / name, ignore=ignored)
            for name in ("alembic.ini", "pyproject.toml"):
                shutil.copy2(self.root / name, copy / name)
            yield copy


@contextmanager
def migrated_database(root: Path) -> Iterator[dict[str, str]]:
    """Make a database with all migrations; yield the variables that lead there. It is dropped."""
    from pytest_greenfield.errors import ServiceUnavailableError
    from pytest_greenfield.services.postgres.service import Postgres

    try:
        postgres = Postgres.plan(root=root, settings_migrations="alembic.ini", environ=os.environ)
        postgres.start(lambda address: {"DATABASE_URL": address.url, "ENVIRONMENT": "test"})
    except ServiceUnavailableError as error:
        raise RefusedError(str(error)) from None
    try:
        address = postgres.clone("scaffold")
        yield {**postgres.libpq, "DATABASE_URL": address.url, "ENVIRONMENT": "test"}
    finally:
        postgres.stop()


def write(folder: Path, files: dict[str, str]) -> None:
    """Write files that are not there yet."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)


def run(folder: Path, *command: str, **variables: str) -> None:
    """Run a Python module or file in a folder; raise RefusedError with the end of what it said."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    environment["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    done = subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env={**environment, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        raise RefusedError("\n".join(done.stdout.strip().splitlines()[-20:]))
