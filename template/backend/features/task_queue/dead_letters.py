"""List and retry dead letters: jobs that failed for good.

uv run python -m backend.features.task_queue.dead_letters list
uv run python -m backend.features.task_queue.dead_letters retry ID…   (or --all)
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from uuid import UUID

from backend.core.database import Database
from backend.core.settings import Settings, load_settings
from backend.core.unit_of_work import UnitOfWorkFactory, make_factory
from backend.features.task_queue.repositories.jobs import JobUnitOfWork


async def list_dead(open_unit_of_work: UnitOfWorkFactory[JobUnitOfWork]) -> list[str]:
    """Return a line for each dead letter."""
    async with open_unit_of_work() as uow:
        return [
            f"{job.id}  {job.name}  {job.created_at:%Y-%m-%d %H:%M}  {job.last_error}"
            for job in await uow.jobs.list_dead()
        ]


async def retry(
    open_unit_of_work: UnitOfWorkFactory[JobUnitOfWork], job_ids: Sequence[UUID] | None
) -> list[str]:
    """Reopen dead letters, all of them without ids; the application sends them."""
    async with open_unit_of_work() as uow:
        retried = await uow.jobs.retry(job_ids)
        await uow.commit()
    return [f"{retried} of {len(job_ids)} retried" if job_ids else f"{retried} retried"]


async def main(arguments: argparse.Namespace) -> list[str]:
    """Run the command on the configured database; return the lines to print."""
    database = Database(load_settings(Settings))
    open_unit_of_work = make_factory(database, JobUnitOfWork)
    try:
        if arguments.command == "list":
            return await list_dead(open_unit_of_work)
        return await retry(open_unit_of_work, None if arguments.all else arguments.ids)
    finally:
        await database.dispose()


def read_arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line; exit if it is invalid."""
    parser = argparse.ArgumentParser(prog="dead_letters", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list")
    again = commands.add_parser("retry")
    again.add_argument("ids", nargs="*", type=UUID, metavar="ID")
    again.add_argument("--all", action="store_true")
    arguments = parser.parse_args(words)
    if arguments.command == "retry" and bool(arguments.ids) == arguments.all:
        again.error("give ids printed by `list`, or --all")
    return arguments


if __name__ == "__main__":
    sys.stdout.writelines(f"{line}\n" for line in asyncio.run(main(read_arguments())))
