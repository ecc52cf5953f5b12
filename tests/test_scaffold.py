"""`python -m vendor.scaffold` makes an aggregate that passes all gates, or leaves nothing."""

import signal
import subprocess
import time
from pathlib import Path

import pytest
from vendor.scaffold.__main__ import take_over
from vendor.scaffold.aggregate import Aggregate
from vendor.scaffold.errors import RefusedError
from vendor.scaffold.files import check_collisions
from vendor.scaffold.project import Project

from hooks.verify import environment
from tooling.git import commit, git
from tooling.render import render_with_copier
from tooling.uv import one_at_a_time, uv

AUTHOR = ("library", "author", "name:str", "born:date:optional")
BOOK_COPY = (
    *("library", "book_copy", "title:str", "pages:int", "price:decimal", "in_print:bool"),
    *("published_at:datetime", "code:uuid", "note:str:optional", "author:ref:author"),
    "editor:ref:author:optional",
)
FURTHER = {  # an aggregate of a domain that was there before
    "none": ("library", "child", "type:str", "--plural", "children"),
    "accounts": ("accounts", "address", "street:str", "owner:ref:customer"),
    "shop": ("shop", "review", "text:str", "price:decimal", "product:ref:product"),
}
GATES = [
    "run ruff check",
    "run ruff format --check",
    "run mypy",
    "run lint-imports",
    "run pre-commit run secrets --all-files",
    "run pytest backend/tests/unit --cov --cov-fail-under=85",
]


def scaffold(project: Path, *words: str) -> str:
    return uv(project, "run", "python", "-m", "vendor.scaffold", *words)


def refuse(project: Path, *words: str) -> str:
    """Run the command, which must change nothing; return its sentence."""
    python = project / ".venv" / "bin" / "python"
    result = subprocess.run(
        [python, "-m", "vendor.scaffold", *words],
        cwd=project,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1, result.stdout + result.stderr
    assert result.stdout == ""
    assert git(project, "status", "--porcelain") == ""
    return result.stderr


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("Library book title:str", "'Library' is no name of a domain: type lowercase"),
        ("my-library book title:str", "such as library"),
        ("library Book title:str", "is no name of an aggregate"),
        ("library class title:str", "class is a word of Python"),
        ("library object title:str", "object is a word of Python"),
        ("library books title:str", "type book, or name the plural too"),
        (f"library {'x' * 31} title:str", "31 characters: 30 is the most"),
        ("library page title:str book_page:uuid", None),
        ("library query title:str", "The files use Query for something else"),
        ("library test title:str", "The files use"),
        ("library book title", "title is no field: type title:str"),
        ("library book title:text", "The types are str, int"),
        ("library book title:str?", "note:str:optional"),
        ("library book title:str:required", "is no field"),
        ("library book title:ref", "is no field"),
        ("library book :str", "'' is no name of a field"),
        ("library book Title:str", "is no name of a field"),
        ("library book title:str title:int", "There are two fields called title"),
        ("library book author:ref:author", "Name a field that is no reference"),
        ("library book date:date", "The files use date for something else"),
        ("library book id:uuid", "The files use id for something else"),
        ("library book created_at:datetime", "created_at"),
        (f"library {'x' * 28} a:str {'y' * 25}:ref:author", "PostgreSQL takes 63"),
    ],
)
def test_wrong_words_are_refused_with_what_to_type(words: str, sentence: str | None) -> None:
    domain, noun, *fields = words.split()

    def check() -> None:
        check_collisions(Aggregate.parse(domain, noun, fields), guarded=True)

    if sentence is None:
        check()
    else:
        with pytest.raises(RefusedError) as refusal:
            check()
        assert sentence in str(refusal.value)


def test_a_plural_is_regular_or_given() -> None:
    plurals = {
        Aggregate.parse("library", noun, ["a:str"]).nouns
        for noun in ("book", "category", "day", "box", "bus", "watch")
    }
    assert plurals == {"books", "categories", "days", "boxes", "buses", "watches"}
    assert Aggregate.parse("library", "series", ["a:str"], plural="all_series").noun == "series"


def test_a_layer_is_added_below_the_features_and_once(tmp_path: Path) -> None:
    settings = tmp_path / "pyproject.toml"
    settings.write_text('layers = ["backend.main", "(backend.shop)", "backend.core"]\n')
    project = Project(tmp_path)
    added = project.add_layer("library")
    assert added == (
        'layers = ["backend.main", "(backend.library)", "(backend.shop)", "backend.core"]\n'
    )
    settings.write_text(added)
    assert project.add_layer("library") is None
    settings.write_text("[tool.ruff]\n")
    assert project.add_layer("library") is None


def test_where_one_file_cannot_be_written_none_is(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "mine.py").write_text("mine")
    texts = {"kept/new.py": "new", "made/deep/new.py": "new", "kept/mine.py": "theirs"}
    with pytest.raises(FileExistsError):
        take_over(Project(tmp_path), "library", texts)
    left = sorted(path.name for path in tmp_path.rglob("*"))
    assert left == ["kept", "mine.py", "pyproject.toml"]
    assert (tmp_path / "kept" / "mine.py").read_text() == "mine"


@pytest.fixture(scope="module")
def bare(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with an aggregate; tests must not change it."""
    project = render_with_copier(template, {"sample": "none"}, tmp_path_factory.mktemp("bare"))
    commit(project)
    scaffold(project, *AUTHOR)
    commit(project)
    return project


@pytest.mark.suite
class TestRefusals:
    @pytest.mark.parametrize(
        ("words", "sentence"),
        [
            (" ".join(AUTHOR), "There is a table author already"),
            ("core book title:str", "core is no domain, but backend/core exists"),
            ("tests book title:str", "tests is no domain, but backend/tests exists"),
            ("library book title:str writer:ref:poet", "There is no aggregate poet"),
            ("library book metadata:str", "call the field book_metadata"),
            ("library book json:str", "call the field book_json"),
        ],
    )
    def test_what_does_not_fit_the_project(self, bare: Path, words: str, sentence: str) -> None:
        assert sentence in refuse(bare, *words.split())

    def test_models_without_a_migration_are_named(self, bare: Path) -> None:
        model = bare / "backend/library/models/author.py"
        before = model.read_text()
        model.write_text(before.replace("born:", "died: Mapped[date | None]\n    born:"))
        commit(bare, "a model without its migration")
        sentence = refuse(bare, "library", "book", "title:str")
        assert "The models of author have no migration yet" in sentence
        model.write_text(before)
        commit(bare, "as before")

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    @pytest.mark.parametrize("seconds", [0.3, 1, 2, None], ids=lambda value: value or "at the end")
    def test_an_interrupted_run_leaves_nothing(
        self, bare: Path, number: signal.Signals, seconds: float | None
    ) -> None:
        revisions = bare / "migrations/versions/library"
        before = set(revisions.iterdir())
        process = subprocess.Popen(
            [bare / ".venv/bin/python", "-m", "vendor.scaffold", "library", "book", "title:str"],
            cwd=bare,
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        if seconds is None:
            while process.poll() is None and set(revisions.iterdir()) == before:
                time.sleep(0.0005)
        time.sleep(seconds or 0)
        process.send_signal(number)
        done = process.wait(60) == 0
        changed = git(bare, "status", "--porcelain")
        git(bare, "clean", "-fdq")
        git(bare, "checkout", "--quiet", ".")
        assert bool(changed) is done


@pytest.mark.suite
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("sample", ["none", "accounts", "shop"])
def test_all_gates_hold_with_what_was_made(template: Path, tmp_path: Path, sample: str) -> None:
    project = make(template, tmp_path, sample)
    made = git(project, "diff", "--name-only", "HEAD~3").split()
    levels = ("backend/tests/integration/", "backend/tests/e2e/")
    tests = [name for name in made if name.startswith(levels) and "/test_" in name]
    assert len(tests) == 6
    (migrations,) = map(str, project.glob("backend/tests/**/test_migrations.py"))
    with one_at_a_time():
        for gate in GATES:
            uv(project, *gate.split())
        uv(project, "run", "pytest", "-n2", *tests, migrations)
    assert git(project, "status", "--porcelain") == ""


@pytest.mark.nightly
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("sample", ["none", "accounts", "shop"])
def test_the_whole_suite_passes_with_what_was_made(
    template: Path, tmp_path: Path, sample: str
) -> None:
    project = make(template, tmp_path, sample)
    with one_at_a_time():
        uv(project, "run", "pytest", "--numprocesses", "auto", "--cov", "--cov-fail-under=95")


def make(template: Path, tmp_path: Path, sample: str) -> Path:
    """Make a project with three more aggregates, a commit each."""
    project = render_with_copier(template, {"sample": sample}, tmp_path)
    uv(project, "sync", "--quiet")
    commit(project)
    for words in (AUTHOR, BOOK_COPY, FURTHER[sample]):
        scaffold(project, *words)
        commit(project)
    return project
