"""Make an aggregate, and its domain if there is none of that name: code, migration and tests.

  uv run python -m vendor.scaffold library author name:str born:date:optional
  uv run python -m vendor.scaffold library book title:str price:decimal author:ref:author

A field is NAME:TYPE, or NAME:ref:AGGREGATE for a reference, and may end in `:optional`.
Types: {types}.
Only new files are written, and a line in pyproject.toml for a new domain: they are yours.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
from pathlib import Path

from vendor.scaffold import files as scaffold
from vendor.scaffold.aggregate import Aggregate
from vendor.scaffold.errors import RefusedError
from vendor.scaffold.fields import KINDS
from vendor.scaffold.project import Project, migrated_database, run, write


def make(project: Project, aggregate: Aggregate) -> list[str]:
    """Make all files in a copy of the project, and then take them over; return their paths."""
    scaffold.check_collisions(aggregate, guarded=project.guarded)
    project.check_names(aggregate)
    factories = project.find_factories(aggregate)
    rendered = scaffold.render(aggregate, factories, guarded=project.guarded)
    files = project.select(aggregate, rendered)
    with project.copied() as copy, migrated_database(project.root) as variables:
        write(copy, files)
        new = sorted(name for name in files if name.endswith(".py"))
        for command in ("format", "check --fix", "format"):
            run(copy, "-m", "ruff", *command.split(), "--quiet", *new)
        before = set(copy.glob("migrations/**/*.py"))
        migration = Path(__file__).with_name("migration.py")
        label = aggregate.names()["labels"]
        arguments = (aggregate.domain, aggregate.noun, f"Add {label}.")
        run(copy, "-P", str(migration), *arguments, **variables)
        (revision,) = set(copy.glob("migrations/**/*.py")) - before
        made = [*files, revision.relative_to(copy).as_posix()]
        texts = {name: (copy / name).read_text("utf-8") for name in made}
    take_over(project, aggregate.domain, texts)
    return sorted(made)


def take_over(project: Project, domain: str, texts: dict[str, str]) -> None:
    """Write the files into the project; all of them, or none."""
    settings = project.root / "pyproject.toml"
    before, layers = settings.read_bytes(), project.add_layer(domain)
    parents = {project.root / name for name in texts}
    new_folders = [folder for path in parents for folder in path.parents if not folder.exists()]
    new_files = [path for path in parents if not path.exists()]
    try:
        write(project.root, texts)
        if layers:
            settings.write_text(layers, "utf-8", newline="\n")
        # From here on it is done, and the exit code has to say so.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
    except BaseException:
        for path in new_files:
            path.unlink(missing_ok=True)
        for folder in new_folders:
            shutil.rmtree(folder, ignore_errors=True)
        settings.write_bytes(before)
        raise


def main() -> int:
    """Run the command; return 0, or 1 with a sentence on stderr."""
    parser = argparse.ArgumentParser(
        prog="python -m vendor.scaffold",
        description=(__doc__ or "").format(types=", ".join(KINDS)),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("domain", help="the folder in backend/, such as library")
    parser.add_argument("aggregate", help="one of them, such as book or order_line")
    parser.add_argument("fields", nargs="+", metavar="NAME:TYPE", help="such as title:str")
    parser.add_argument("--plural", help="where it is not regular: child --plural children")
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    project = Project(Path(__file__).parents[2])
    is_new = not (project.root / "backend" / chosen.domain).exists()
    try:
        aggregate = Aggregate.parse(
            chosen.domain, chosen.aggregate, chosen.fields, plural=chosen.plural
        )
        made = make(project, aggregate)
    except RefusedError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    print(f"Made {'the domain ' + chosen.domain + ' with ' if is_new else ''}{chosen.aggregate}:")
    for name in made:
        print(f"  {name}")
    print("Read them, and then: uv run pytest")
    return 0


if __name__ == "__main__":
    sys.exit(main())
