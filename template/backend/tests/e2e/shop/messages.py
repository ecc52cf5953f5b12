"""Helpers for the messages of the shop's WebSocket."""

from __future__ import annotations

import json
from typing import Any

from websockets.asyncio.client import ClientConnection

from backend.tests.async_utils import async_timeout


async def send(socket: ClientConnection, **message: Any) -> Any:
    """Send a message and return the answer, skipping events in between."""
    await socket.send(json.dumps(message))
    while (answer := await _read(socket))["type"] == "event":
        pass
    return answer


async def receive(socket: ClientConnection, event: str) -> Any:
    """Return the next event of this type. Earlier ones may arrive late."""
    while (message := await _read(socket)).get("event") != event:
        pass
    return message


async def _read(socket: ClientConnection) -> Any:
    async with async_timeout(10, operation="a message"):
        return json.loads(await socket.recv())
