"""Fill a development database with sample rows: `uv run python -m backend.seed`.

A domain contributes by a module `seed` with `async def seed(database) -> str`: it adds what is
missing, and returns a sentence about what is there. One that needs rows of another domain calls
the seed of that first.
"""

import asyncio
import sys
from importlib import import_module
from importlib.util import find_spec

from sqlalchemy.exc import ProgrammingError

from backend.core.database import Database
from backend.core.domains import find_domains
from backend.core.errors import UnavailableError
from backend.core.settings import Settings, load_settings


async def main() -> list[str]:
    """Call the seeds of all domains on the database of the settings; return their sentences.

    Raises:
        SystemExit: It is production's, it does not answer, or it has no tables.
    """
    settings = load_settings(Settings)
    if settings.is_production:
        sys.exit("Refused: ENVIRONMENT is production, and sample rows have a known password.")
    modules = [f"backend.{name}.seed" for name in find_domains()]
    seeds = [import_module(module).seed for module in modules if find_spec(module)]
    database = Database(settings)
    try:
        sentences = [await seed(database) for seed in seeds]
    except UnavailableError:
        sys.exit(
            "The database does not answer. "
            "Start one with: uv run pytest-greenfield serve --env-file .env"
        )
    except ProgrammingError as error:
        sys.exit(f"{error.orig}\nMake the tables first: uv run alembic upgrade head")
    finally:
        await database.dispose()
    return sentences or ["There is nothing to add: no domain has a module `seed`."]


if __name__ == "__main__":
    print("\n".join(asyncio.run(main())))
