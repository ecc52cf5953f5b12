"""Both engines make the same project of the same answers, and its files are sound.

Every two answers to two questions together; at night, every combination.
"""

import itertools
import json
import re
import stat
import tomllib
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from tooling import ROOT
from tooling.generated import cookiecutter_json
from tooling.git import release
from tooling.questions import choices, combinations, pairs
from tooling.render import Answers, render_with_cookiecutter, render_with_copier, tree

HOSTILE: Answers = {
    "project_name": """Zoë's "big" \\ <App> & #1: 100% {x} [y] *z* `w` $HOME""",
    "project_slug": "zoes-app",
    "description": (
        """- "quoted" and 'quoted': C:\\new\\table, # no comment, """
        """\"\"\" ''' ${x} %s 日本 \N{EN DASH} é"""
    ),
    "author_name": """O'Neil "the \\b" Ñandú & <Sons>""",
    "author_email": "o+neil@example.com",
}
PAIRS = pairs(choices())
LEFT_OVER = re.compile(r"(?<!\$)\{\{|\{%|\{#")


class Pair(NamedTuple):
    answers: Answers
    cookiecutter: Path
    copier: Path


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make thousands of tests only where they are asked for."""
    if "pair" not in metafunc.fixturenames:
        return
    if "nightly" in metafunc.config.getoption("markexpr"):
        rows, marks = combinations(), [pytest.mark.nightly]
    else:
        rows, marks = [*PAIRS, HOSTILE, {**HOSTILE, "sample": "none", "ci": "both"}], []
    names = ["-".join(map(str, row.values())) for row in rows]
    params = [
        pytest.param(
            row, id=f"hostile-{row.get('sample')}" if row.keys() & HOSTILE else name, marks=marks
        )
        for row, name in zip(rows, names, strict=True)
    ]
    metafunc.parametrize("pair", params, indirect=True, scope="module")


@pytest.fixture(scope="module")
def pair(
    request: pytest.FixtureRequest, template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Pair:
    folder = tmp_path_factory.mktemp("pair")
    answers = request.param
    return Pair(
        answers,
        render_with_cookiecutter(template, answers, folder / "cookiecutter"),
        render_with_copier(template, answers, folder / "copier"),
    )


def test_every_two_answers_are_tried_together() -> None:
    values = choices()
    for one, other in itertools.combinations(values, 2):
        tried = {(row[one], row[other]) for row in PAIRS}
        assert tried == set(itertools.product(values[one], values[other]))
    assert len(PAIRS) < 30


def test_both_engines_make_the_same_bytes_and_modes(pair: Pair) -> None:
    ours = tree(pair.cookiecutter)
    theirs = tree(pair.copier)
    assert ours.keys() == theirs.keys()
    assert [path for path in ours if ours[path] != theirs[path]] == []


def test_both_engines_leave_out_the_same_names_for_a_star(
    own_template: Path, tmp_path: Path
) -> None:
    left_out = ["a/one/x/two/gone", "a/.one/x/two/gone", "a/one/x/[2]/gone/deep", "a/1/x/2/gone"]
    kept = ["a/gone", "a/one/x/gone", "a/one/x/two/kept", "a/one/x/two/three/gone", "a/b/y/c/gone"]
    for name in [*left_out, *kept]:
        path = own_template / "template" / (f"{name}.jinja" if "/1/" in name else name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    questions = own_template / "copier.yml"
    text = questions.read_text(encoding="utf-8").replace(
        "_exclude:", "_exclude:\n  - /a/*/x/*/gone"
    )
    questions.write_text(text, encoding="utf-8")
    written = own_template / "cookiecutter.json"
    written.write_text(cookiecutter_json(own_template), encoding="utf-8")
    release(own_template, "v1.1.0")
    ours = tree(
        render_with_cookiecutter(own_template, {"sample": "none"}, tmp_path / "cookiecutter")
    )
    theirs = tree(render_with_copier(own_template, {"sample": "none"}, tmp_path / "copier"))
    assert ours == theirs
    files = {name for name, (_, content) in ours.items() if content is not None}
    assert {name for name in files if name.startswith("a/")} == set(kept)


def test_the_plugin_is_copied_as_it_is(pair: Pair, template: Path) -> None:
    assert tree(pair.copier / "vendor") == tree(template / "template" / "vendor")


def test_no_folder_is_empty(pair: Pair) -> None:
    folders = [path for path in pair.copier.rglob("*") if path.is_dir()]
    assert [path for path in folders if not any(path.iterdir())] == []


def test_no_template_mark_is_left_in_a_rendered_file(pair: Pair) -> None:
    templates = (ROOT / "template").rglob("*.jinja")
    names = [path.relative_to(ROOT / "template").with_suffix("") for path in templates]
    rendered = [pair.copier / name for name in names if (pair.copier / name).exists()]
    assert rendered
    for path in rendered:
        assert not LEFT_OVER.search(path.read_text(encoding="utf-8")), path


@cache
def parse(suffix: str, content: bytes) -> None:
    """Raise when the content is not sound; most files are the same in every combination."""
    if suffix == ".toml":
        tomllib.loads(content.decode())
    elif suffix in {".yml", ".yaml"}:
        list(yaml.safe_load_all(content))
    elif suffix == ".json":
        json.loads(content)
    elif suffix == ".py":
        compile(content, "generated", "exec", dont_inherit=True)


def test_structured_files_parse(pair: Pair) -> None:
    for path in pair.copier.rglob("*"):
        if path.suffix in {".toml", ".yml", ".yaml", ".json", ".py"}:
            parse(path.suffix, path.read_bytes())


def test_answers_arrive_as_they_were_typed(pair: Pair) -> None:
    project = tomllib.loads((pair.copier / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    answers = yaml.safe_load((pair.copier / ".copier-answers.yml").read_text(encoding="utf-8"))
    assert answers.items() >= pair.answers.items()
    assert project["description"] == answers["description"]
    author = {"name": answers["author_name"], "email": answers["author_email"]}
    assert project["authors"] == [author]
    assert project["requires-python"] == f">={answers['python_version']}"
    assert project["name"] == answers["project_slug"]
    title = (pair.copier / "README.md").read_text(encoding="utf-8").splitlines()[0]
    assert title == f"# {answers['project_name']}"


def test_only_scripts_are_executable(pair: Pair) -> None:
    for path in pair.copier.rglob("*"):
        if path.is_file() and path.stat().st_mode & stat.S_IXUSR:
            assert path.read_bytes().startswith(b"#!"), path
