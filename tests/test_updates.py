"""`copier update` takes a project of either engine from one release of the template to the next."""

import re
import shutil
from pathlib import Path
from typing import Any

import copier
import pytest

from tooling import ROOT
from tooling.git import commit, copy_work_tree, git, release
from tooling.render import ENGINES, tree

CONFLICT = re.compile(r"^(<<<<<<<|>>>>>>>) ", re.MULTILINE)


def update(project: Path, **options: Any) -> None:
    """`copier update --defaults`, as a user runs it: untrusted."""
    copier.run_update(project, defaults=True, overwrite=True, quiet=True, **options)


def changed(project: Path) -> dict[str, str]:
    """What git says of each path that is not as it was committed."""
    lines = git(project, "status", "--porcelain", "--untracked-files=all").splitlines()
    return {line[3:]: line[:2].strip() for line in lines}


def assert_no_conflict(project: Path) -> None:
    for name in git(project, "ls-files", "--cached", "--others", "--exclude-standard").splitlines():
        if (project / name).is_file():
            content = (project / name).read_text(encoding="utf-8", errors="replace")
            assert not CONFLICT.search(content), name


@pytest.mark.parametrize("engine", ENGINES)
def test_an_update_merges_and_keeps_what_the_user_did(
    own_template: Path, tmp_path: Path, engine: str
) -> None:
    base = own_template / "template"
    (base / "notes.md.jinja").write_text(
        "# {{ project_name }}\n\nfirst\n\nsecond\n\nthird\n", encoding="utf-8"
    )
    (base / "to_drop.txt").write_text("old\n", encoding="utf-8")
    (base / "unloved.txt").write_text("one\n", encoding="utf-8")
    release(own_template, "v1.1.0")
    project = ENGINES[engine](own_template, {"sample": "none"}, tmp_path / "out")
    commit(project, "born")
    notes = project / "notes.md"
    notes.write_text(notes.read_text(encoding="utf-8").replace("first", "MINE"), encoding="utf-8")
    (project / "added.py").write_text("mine = 1\n", encoding="utf-8")
    (project / "unloved.txt").unlink()
    commit(project)

    source = base / "notes.md.jinja"
    text = source.read_text(encoding="utf-8").replace("third", "THEIRS")
    source.write_text(text, encoding="utf-8")
    (base / "new.txt").write_text("new\n", encoding="utf-8")
    (base / "to_drop.txt").unlink()
    (base / "unloved.txt").write_text("two\n", encoding="utf-8")
    release(own_template, "v1.2.0")
    update(project)

    assert notes.read_text(encoding="utf-8") == "# My Backend\n\nMINE\n\nsecond\n\nTHEIRS\n"
    assert (project / "added.py").exists()
    assert not (project / "unloved.txt").exists()
    assert changed(project) == {
        ".copier-answers.yml": "M",
        "notes.md": "M",
        "new.txt": "??",
        "to_drop.txt": "D",
    }
    assert "_commit: v1.2.0\n" in (project / ".copier-answers.yml").read_text(encoding="utf-8")
    assert_no_conflict(project)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_sample_can_be_left_out_and_taken_in_later(
    template: Path, tmp_path: Path, engine: str
) -> None:
    samples = ("shop", "accounts", "none")
    made = {name: ENGINES[engine](template, {"sample": name}, tmp_path / name) for name in samples}
    expected = {name: files(tree(project)) for name, project in made.items()}
    project = made["shop"]
    commit(project, "new")
    for name in ("accounts", "none", "accounts", "shop"):
        (project / "added.py").write_text("mine = 1\n", encoding="utf-8")
        commit(project)
        update(project, data={"sample": name})
        assert_no_conflict(project)
        (project / "added.py").unlink()
        commit(project, name)
        assert files(tree(without_git(project))) == expected[name]


@pytest.mark.parametrize("engine", ENGINES)
def test_an_update_replaces_the_plugin_as_a_whole(
    own_template: Path, tmp_path: Path, engine: str
) -> None:
    place = Path("vendor", "pytest-greenfield", "src", "pytest_greenfield")
    theirs = own_template / "template" / place
    (theirs / "dropped.py").write_text("old = 1\n", encoding="utf-8")
    (theirs / "errors.py").write_text("old = 1\n", encoding="utf-8")
    release(own_template, "v1.1.0")
    project = ENGINES[engine](own_template, {"sample": "none"}, tmp_path / "out")
    commit(project)

    (theirs / "dropped.py").unlink()
    (theirs / "errors.py").write_text("new = 1\n", encoding="utf-8")
    (theirs / "added.sql").write_text("SELECT 1;\n", encoding="utf-8")
    release(own_template, "v1.2.0")
    update(project)

    assert tree(project / "vendor") == tree(own_template / "template" / "vendor")
    assert changed(project) == {
        ".copier-answers.yml": "M",
        f"{place.as_posix()}/dropped.py": "D",
        f"{place.as_posix()}/errors.py": "M",
        f"{place.as_posix()}/added.sql": "??",
    }


def without_git(project: Path) -> Path:
    copied = project.with_name(f"{project.name}-copy")
    shutil.rmtree(copied, ignore_errors=True)
    shutil.copytree(project, copied, ignore=shutil.ignore_patterns(".git"))
    return copied


def files(tree: dict[str, tuple[int, bytes | None]]) -> dict[str, bytes]:
    return {path: content for path, (_, content) in tree.items() if content is not None}


@pytest.mark.parametrize("engine", ENGINES)
def test_an_update_to_the_same_release_changes_nothing(
    template: Path, tmp_path: Path, engine: str
) -> None:
    project = ENGINES[engine](template, {}, tmp_path / "out")
    commit(project)
    update(project)
    assert changed(project) == {}


RELEASED = git(ROOT, "tag", "--list", "v*").splitlines()


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("tag", RELEASED)
def test_every_release_updates_to_the_work_tree(tmp_path: Path, engine: str, tag: str) -> None:
    upstream = tmp_path / "greenfield.git"
    git(tmp_path, "clone", "--quiet", str(ROOT), str(upstream))
    git(upstream, "checkout", "--quiet", tag)
    option = {"copier": "vcs_ref", "cookiecutter": "checkout"}[engine]
    project = ENGINES[engine](f"file://{upstream}", {}, tmp_path / "out", **{option: tag})
    commit(project, "born")
    readme = project / "README.md"
    readme.write_text(readme.read_text(encoding="utf-8") + "\nmine\n", encoding="utf-8")
    commit(project)

    git(upstream, "rm", "--quiet", "-r", ".")
    copy_work_tree(upstream)
    release(upstream, "v999.0.0")
    update(project)

    assert_no_conflict(project)
    assert "\nmine\n" in readme.read_text(encoding="utf-8")
