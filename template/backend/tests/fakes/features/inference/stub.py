"""A model service on a real socket, with failures on demand."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from base64 import b64decode
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from typing import Any

Misbehaviour = Callable[[asyncio.StreamWriter], Awaitable[None]]
IMAGES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF")


def answering(status: int, body: object = "") -> Misbehaviour:
    """Send this response to any request; text is sent unchanged."""

    async def misbehave(writer: asyncio.StreamWriter) -> None:
        content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        phrase = HTTPStatus(status).phrase
        head = f"HTTP/1.1 {status} {phrase}\r\nContent-Length: {len(content)}\r\n\r\n"
        writer.write(head.encode() + content)

    return misbehave


async def closing(writer: asyncio.StreamWriter) -> None:
    """Close the connection in the middle of the response."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")
    writer.close()


async def silent(_: asyncio.StreamWriter) -> None:
    """Never answer."""
    await asyncio.Event().wait()


async def trickling(writer: asyncio.StreamWriter) -> None:
    """Send single bytes forever, so that no read times out."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.005)


def label_of(image: bytes) -> str:
    """Return the name of the label that an image gets."""
    return f"picture {hashlib.sha256(image).hexdigest()[:8]}"


class InferenceStub:
    """Labels PNG, JPEG and WebP images by their content, and rejects everything else.

    Attributes:
        batches: The received batches, one list of images per request, including failed ones.
        next: Replacements for the next requests' behaviour, one each.
        poison: Replacement behaviour for batches with one of these images.
        is_well: Whether `/health` reports it as healthy.
    """

    def __init__(self) -> None:
        self.batches: list[list[bytes]] = []
        self.next: deque[Misbehaviour] = deque()
        self.poison: dict[bytes, Misbehaviour] = {}
        self.is_well = True
        self._port = 0
        self._connections: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """Its address, also while it is stopped."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def images(self) -> list[bytes]:
        """Every image received."""
        return [image for batch in self.batches for image in batch]

    async def start(self) -> None:
        """Listen, on the previous port after a restart."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close all connections and stop listening."""
        if self._server is not None:
            self._server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    @asynccontextmanager
    async def away(self) -> AsyncIterator[None]:
        """Stop for the duration of the context."""
        await self.stop()
        try:
            yield
        finally:
            await self.start()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError):
                while not writer.is_closing():
                    head = await reader.readuntil(b"\r\n\r\n")
                    length = re.search(rb"(?i)content-length: (\d+)", head)
                    body = await reader.readexactly(int(length[1]) if length else 0)
                    await self._choose(head, body)(writer)
                    await writer.drain()
        finally:
            self._connections.discard(task)
            writer.close()

    def _choose(self, head: bytes, body: bytes) -> Misbehaviour:
        method, path, _ = head.split(b" ", 2)
        if (method, path) == (b"GET", b"/health"):
            return answering(200 if self.is_well else 503, {"model": "stub", "device": "cpu"})
        if (method, path) != (b"POST", b"/v1/labels"):
            return answering(404)
        try:
            images = [b64decode(image, validate=True) for image in json.loads(body)["images"]]
        except (KeyError, TypeError, ValueError):
            return answering(422)
        self.batches.append(images)
        if self.next:
            return self.next.popleft()
        for image in images:
            if image in self.poison:
                return self.poison[image]
        return self._label(images)

    def _label(self, images: list[bytes]) -> Misbehaviour:
        if not all(image.startswith(IMAGES) for image in images):
            return answering(422)
        results: list[Any] = [
            {"labels": [{"name": label_of(image), "score": 0.9}]} for image in images
        ]
        return answering(200, {"results": results})
