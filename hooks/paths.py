"""Leave the refused features' paths out of the tree that Cookiecutter is about to render."""

import shutil
from pathlib import Path


def leave_out(tree: Path, excluded: list[str]) -> None:
    """Delete each excluded path from Cookiecutter's throw-away copy of the template.

    `excluded` are paths from the tree's root, "" where the feature is wanted; `*` stands for one
    name, as in Copier. The project itself is never pruned: with --overwrite-if-exists, a user's
    own files may be at the same paths.
    """
    for path in filter(None, excluded):
        for target in list(tree.glob(path.lstrip("/"))):
            if target.is_dir():
                shutil.rmtree(target)
            else:
                target.unlink()
