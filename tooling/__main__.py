"""The commands of this repository."""

import argparse
from collections.abc import Callable

from tooling import generated, picture, reserved_names

COMMANDS: dict[str, tuple[Callable[[], None], str]] = {
    "sync": (
        generated.write,
        "write cookiecutter.json, README's table of options and its picture from their sources",
    ),
    "names": (
        reserved_names.extend,
        "add to reserved_names.yml what a project now installs, and sync (needs uv, a network)",
    ),
    "record": (
        picture.record,
        "run Cookiecutter, keep what it prints for README's picture, and sync (minutes)",
    ),
}


def main(arguments: list[str] | None = None) -> None:
    """Run one command."""
    texts = [f"  {name:8}{text}" for name, (_, text) in COMMANDS.items()]
    parser = argparse.ArgumentParser(
        prog="python -m tooling",
        description=__doc__,
        epilog="\n".join(["commands:", *texts]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=COMMANDS)
    name = parser.parse_args(arguments).command
    COMMANDS[name][0]()
    if name != "sync":
        generated.write()


if __name__ == "__main__":
    main()
