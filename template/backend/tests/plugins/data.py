"""Data for tests: unique names, realistic values, sample rows, a folder for uploads.

| fixture | what it gives |
|---|---|
| `unique_id` | `unique_id("order")` -> `order-3f9c…`, never the same twice, in any worker or run |
| `unique_email` | `unique_email()` -> `user-3f9c…@example.com` |
| `fake` | a Faker, seeded anew for each test; skipped where Faker is not installed |
| `sample_data` | `sample_data["name"]` is a fresh copy of fixtures/name.json |
| `media_root` | an empty folder of the test's own |
"""

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from .ordering import SEED

if TYPE_CHECKING:
    from faker import Faker

FOLDER = Path(__file__).parents[1] / "fixtures"


@cache
def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


class SampleData(Mapping[str, Any]):
    """A folder's JSON files by name, parsed anew at each access: a test may change what it gets."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __getitem__(self, name: str) -> Any:
        """The content of `name`.json.

        Raises:
            KeyError: there is no such file; the message lists those that there are.
        """
        path = self._folder / f"{name}.json"
        if not path.is_file():
            raise KeyError(f"no {name}.json in {self._folder.name}/; there are: {', '.join(self)}")
        return json.loads(_text(path))

    def __iter__(self) -> Iterator[str]:
        """The names, sorted."""
        return iter(sorted(path.stem for path in self._folder.glob("*.json")))

    def __len__(self) -> int:
        """How many files there are."""
        return sum(1 for _ in self)


@pytest.fixture
def unique_id() -> Callable[..., str]:
    """`unique_id(prefix="id")`: the prefix, a dash and 32 random hexadecimal digits.

    The system's randomness is used, so the seed of the run does not repeat it.
    """

    def make(prefix: str = "id") -> str:
        return f"{prefix}-{uuid4().hex}"

    return make


@pytest.fixture
def unique_email(unique_id: Callable[..., str]) -> Callable[..., str]:
    """`unique_email(name="user")`: an address at example.com that nobody has."""

    def make(name: str = "user") -> str:
        return f"{unique_id(name)}@example.com"

    return make


@pytest.fixture(scope="session")
def _faker() -> "Faker":
    faker = pytest.importorskip("faker", reason="needs Faker: uv add --dev faker")
    made: Faker = faker.Faker()
    return made


@pytest.fixture
def fake(_faker: "Faker", pytestconfig: pytest.Config, request: pytest.FixtureRequest) -> "Faker":
    """Realistic names, addresses, texts; the same ones again with the same `--randomly-seed`."""
    # The test that imports Faker first was seeded before there was a Faker.
    _faker.seed_instance(f"{pytestconfig.stash[SEED]} {request.node.nodeid}")
    return _faker


@pytest.fixture
def sample_data() -> SampleData:
    """The rows of `backend/tests/fixtures/*.json` by file name; each access is a fresh copy."""
    return SampleData(FOLDER)


@pytest.fixture
def media_root(tmp_path: Path) -> Path:
    """An empty folder for uploads."""
    folder = tmp_path / "media"
    folder.mkdir()
    return folder
