"""Take the refused features' paths out of a project that Cookiecutter made."""

from pathlib import Path


def prune(project: Path, tree: Path, excluded: list[str]) -> None:
    """Delete the template's files under each excluded path, and never a file that is not its own.

    `excluded` are paths from the project's root, "" where the feature is wanted. Folders go when
    they are empty: with --overwrite-if-exists a user's own files may be in them.
    """
    for path in filter(None, excluded):
        source = tree / path.lstrip("/")
        inside = sorted(source.rglob("*"), reverse=True) if source.is_dir() else []
        for ours in [*inside, source]:
            target = project / ours.relative_to(tree)
            if not ours.is_dir():
                target.unlink(missing_ok=True)
            elif not any(target.iterdir()):
                target.rmdir()
