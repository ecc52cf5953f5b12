"""The project's migrations: which files they are, and running them in a process of their own.

The setting `greenfield_migrations` is an ini file of Alembic, `package.module:function`, or `none`.
"""

from __future__ import annotations

import configparser
import hashlib
import importlib.util
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pytest_greenfield.errors import ServiceUnavailableError
from pytest_greenfield.services.postgres.address import Address

_SECONDS = 600.0
_EXTENSION = re.compile(
    r"""CREATE\s+EXTENSION\s+(?:IF\s+NOT\s+EXISTS\s+)?\\?["']?([a-z][\w-]*)""", re.IGNORECASE
)
_COMMENT = re.compile(r"^\s*(#|--).*$", re.MULTILINE)


@dataclass(frozen=True)
class Migrations:
    """What the setting names."""

    root: Path
    setting: str

    @classmethod
    def of(cls, root: Path, setting: str) -> Migrations:
        """Return the migrations of a project; raise ServiceUnavailableError for a wrong setting."""
        setting = setting.strip()
        if not setting:
            setting = "alembic.ini" if (root / "alembic.ini").is_file() else "none"
        if setting != "none" and not setting.endswith((".ini", ".cfg")) and ":" not in setting:
            raise ServiceUnavailableError(
                f'greenfield_migrations = "{setting}" is neither an ini file, a function, nor none:'
                ' write "alembic.ini" or "package.module:function"'
            )
        found = cls(root, setting)
        if found.uses_alembic and not (root / setting).is_file():
            raise ServiceUnavailableError(
                f'greenfield_migrations = "{setting}", but there is no file {root / setting}: write'
                ' the path of Alembic\'s ini file, "package.module:function", or "none"'
            )
        return found

    @property
    def uses_alembic(self) -> bool:
        """Say whether the setting names an ini file."""
        return self.setting != "none" and ":" not in self.setting

    def state(self) -> str:
        """Return 12 hex digits for the content of the migrations; the models do not matter."""
        digest = hashlib.blake2b(self.setting.encode(), digest_size=6)
        for path in self._files():
            name = os.path.relpath(path, self.root)
            digest.update(f"{name}\0".encode() + path.read_bytes() + b"\0")
        return digest.hexdigest()

    def extensions(self) -> list[str]:
        """Return the extensions that the migrations create, as far as their text tells."""
        names: list[str] = []
        for path in self._files():
            names += _EXTENSION.findall(_COMMENT.sub("", path.read_text("utf-8", "replace")))
        return sorted(set(names))

    def _files(self) -> Iterator[Path]:
        if self.setting == "none":
            return
        if self.uses_alembic:
            yield self.root / self.setting
        for folder in self._folders():
            if folder.is_file():
                yield folder
            for path in sorted(folder.rglob("*")):
                parts = path.relative_to(folder).parts
                hidden = any(part.startswith(".") or part == "__pycache__" for part in parts)
                if path.suffix in (".py", ".sql") and not hidden and path.is_file():
                    yield path

    def _folders(self) -> list[Path]:
        if not self.uses_alembic:
            return _places(self.setting.partition(":")[0].partition(".")[0], self.root)
        ini = self.root / self.setting
        parser = configparser.ConfigParser({"here": str(ini.parent)})
        try:
            parser.read(ini, "utf-8")
            location = parser.get("alembic", "script_location", fallback="")
            others = parser.get("alembic", "version_locations", fallback="")
        except configparser.Error:
            return []  # Alembic will say what is wrong
        package, colon, path = location.partition(":")
        if colon and not location.startswith("/"):  # `package:folder`
            found = [place / path for place in _places(package.partition(".")[0], self.root)]
        else:
            found = [self.root / location] if location else []
        found += [self.root / other for other in re.split(r"[\s,;:]+", others) if other]
        return [folder for folder in found if folder.is_dir()]

    def run(self, address: Address, variables: Mapping[str, str]) -> None:
        """Bring the database at `address` to the newest revision.

        `variables` are added to the process's environment. Raises ServiceUnavailableError.
        """
        if self.setting == "none":
            return
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
        # The tests' own import path: pytest's `pythonpath` belongs to it.
        environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
        spec = {"setting": self.setting, "root": str(self.root), "address": address.export()}
        try:
            done = subprocess.run(
                [sys.executable, "-m", "pytest_greenfield.services.postgres.upgrade"],
                input=json.dumps(spec),
                capture_output=True,
                text=True,
                errors="replace",
                cwd=self.root,
                env={**environment, **variables},
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise ServiceUnavailableError(
                f"the migrations (greenfield_migrations) did not end within {_SECONDS:g} s"
            ) from None
        try:
            sentence = json.loads(done.stdout.strip().splitlines()[-1])["sentence"]
        except (ValueError, LookupError, TypeError):
            said = (done.stderr.strip() or "without a word").splitlines()[-1]
            sentence = f"the process of the migrations ended with {done.returncode}: {said}"
        if sentence:
            if address.password:
                sentence = sentence.replace(address.password, "***")
            raise ServiceUnavailableError(sentence)


def _places(module: str, root: Path) -> list[Path]:
    """Return the folder, or the file, of a top-level module."""
    for folder in (root / module, root / f"{module}.py"):
        if folder.exists():
            return [folder]
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError):
        spec = None
    if spec is None:
        return []
    return [Path(place) for place in spec.submodule_search_locations or [spec.origin or os.devnull]]
