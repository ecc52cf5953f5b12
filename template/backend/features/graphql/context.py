"""The context that the resolvers of one operation share."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, TypeVar

import strawberry
from fastapi import FastAPI
from starlette.requests import HTTPConnection
from strawberry.dataloader import DataLoader
from strawberry.fastapi import BaseContext

from backend.core.unit_of_work import UnitOfWork, UnitOfWorkFactory

K = TypeVar("K")
T = TypeVar("T")
U = TypeVar("U", bound=UnitOfWork)


class Connection(BaseContext):
    """A request, or a WebSocket, which may run many operations."""

    def __init__(self, connection: HTTPConnection) -> None:
        super().__init__()
        self.app: FastAPI = connection.app
        self.request_id = connection.scope.get("state", {}).get("request_id")
        self._header = connection.headers.get("Authorization")

    @property
    def token(self) -> str | None:
        """The bearer token of the request, or of a WebSocket's `connection_init`."""
        params = self.connection_params if isinstance(self.connection_params, dict) else {}
        scheme, _, token = str(self._header or params.get("Authorization")).partition(" ")
        return token if scheme.lower() == "bearer" else None


class OperationContext:
    """The state of one operation: loaders, cached results and database access."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.app = connection.app
        self._turn = asyncio.Lock()
        self._once = asyncio.Lock()
        self._answers: dict[object, Any] = {}
        self._loaders: dict[object, DataLoader[Any, Any]] = {}

    @asynccontextmanager
    async def work(self, open_unit_of_work: UnitOfWorkFactory[U]) -> AsyncIterator[U]:
        """Open a short unit of work.

        Sibling fields are resolved concurrently, but a session serves one task at a time. So each
        block has its own session, and blocks run one after another: an operation never holds more
        than one connection, and none while it waits for anything else.
        """
        async with self._turn, open_unit_of_work() as uow:
            yield uow

    async def once(self, ask: Callable[["OperationContext"], Awaitable[T]]) -> T:
        """Return the result of `ask`, cached for the operation unless it fails. Not recursive."""
        async with self._once:
            if ask not in self._answers:
                self._answers[ask] = await ask(self)
            answer: T = self._answers[ask]
            return answer

    def forget_rows(self) -> None:
        """Drop cached rows, so that a long operation loads current ones."""
        self._loaders.clear()

    def loader(
        self, load: Callable[["OperationContext", list[K]], Awaitable[Sequence[T | BaseException]]]
    ) -> DataLoader[K, T]:
        """Return the operation's data loader, which batches keys for `load`."""
        if load not in self._loaders:
            self._loaders[load] = DataLoader(load_fn=partial(load, self))
        return self._loaders[load]


Info = strawberry.Info[OperationContext, None]


async def get_connection(connection: HTTPConnection) -> Connection:
    """Return Strawberry's initial context."""
    return Connection(connection)
