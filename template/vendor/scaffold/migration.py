"""Write the migration of one new table; a process of its own, in the folder of a project.

Usage: `python migration.py DOMAIN TABLE MESSAGE`, DATABASE_URL being a migrated database.
"""

import sys
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.util import CommandError


def main(domain: str, table: str, message: str) -> None:
    """Let Alembic compare the models with the database."""

    def only_the_table(_context: Any, _revision: Any, directives: list[Any]) -> None:
        operations = directives[0].upgrade_ops.ops
        others = {str(getattr(one, "table_name", one)) for one in operations} - {table}
        if others:
            raise CommandError(
                f"The models of {', '.join(sorted(others))} have no migration yet. Write it first:"
                ' uv run alembic revision --autogenerate -m "…"'
            )
        if not operations:
            raise CommandError(f"Alembic does not see the table {table}.")

    config = Config("alembic.ini")
    template = config.get_main_option("file_template", "%(rev)s_%(slug)s")
    config.set_main_option("file_template", f"{domain}/{template}".replace("%", "%%"))
    command.revision(config, message, autogenerate=True, process_revision_directives=only_the_table)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except CommandError as error:
        sys.exit(str(error))
