"""A TCP proxy between the server and its database that a test can disconnect and hold."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.engine import make_url


class TcpProxy:
    """Forwards TCP connections of a port of loopback to a database; `url` leads through it."""

    def __init__(self, database_url: str) -> None:
        """Create a proxy; `open_proxy()` starts it."""
        self._target = make_url(database_url)
        self._server: asyncio.Server | None = None
        self._port = 0
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._held = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """The address of the database, through the proxy."""
        url = self._target.set(host="127.0.0.1", port=self._port)
        return url.render_as_string(hide_password=False)

    async def listen(self) -> None:
        """Take connections, on the same port each time."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def disconnect(self) -> None:
        """Break all connections and refuse new ones."""
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def hold(self) -> None:
        """Let nothing more pass to the database, without breaking anything."""
        self._held.clear()
        self._flowing.clear()

    async def wait_for_traffic(self) -> None:
        """Wait until something is being held back."""
        await self._held.wait()

    def release(self) -> None:
        """Let pass what was held back, and all that follows."""
        self._flowing.set()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(self._target.host, self._target.port)
        ways = [self._forward(reader, back), _copy(there, writer)]
        for way in map(asyncio.create_task, ways):
            self._tasks.add(way)
            way.add_done_callback(self._tasks.discard)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                if not self._flowing.is_set():
                    self._held.set()
                    await self._flowing.wait()
                writer.write(data)
        finally:
            writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
    finally:
        writer.close()


@asynccontextmanager
async def open_proxy(database_url: str) -> AsyncIterator[TcpProxy]:
    """Start a proxy to a database; it is closed at the block's end."""
    proxy = TcpProxy(database_url)
    await proxy.listen()
    try:
        yield proxy
    finally:
        await proxy.disconnect()
