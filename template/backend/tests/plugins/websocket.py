"""A WebSocket session with an ASGI application, in the caller's event loop.

Starlette's TestClient runs the application in a thread with a loop of its own, where it could not
share the test's database connection; the maintained client for HTTPX speaks to httpx, not httpx2.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote, urlsplit


class WebSocketClosed(Exception):  # noqa: N818 - an event that a test expects, like StopIteration
    """The application closed the connection, or refused it; `code` is the close code."""

    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(f"closed with {code} {reason}".rstrip())
        self.code = code
        self.reason = reason


class WebSocketSession:
    """An open session: `send_json`, `receive_json`, `send_text`, `receive_text`, `close`.

    Args:
        app: Any ASGI application.
        path: The path, with its query string.
        headers: Request headers.
        subprotocols: What the client offers.
        timeout: Seconds that one `receive_…` waits.
    """

    def __init__(
        self,
        app: Any,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        subprotocols: Sequence[str] = (),
        timeout: float = 2.0,
    ) -> None:
        self._app = app
        self._scope = _scope(path, headers or {}, subprotocols)
        self._timeout = timeout
        self._to_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._from_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None
        self.subprotocol: str | None = None

    async def __aenter__(self) -> Self:
        """Connect. Raises `WebSocketClosed` when the application refuses."""
        self._to_app.put_nowait({"type": "websocket.connect"})
        self._task = asyncio.create_task(self._run())
        accepted = await self._receive("websocket.accept")
        self.subprotocol = accepted.get("subprotocol")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def send_text(self, text: str) -> None:
        """Send a text frame."""
        self._to_app.put_nowait({"type": "websocket.receive", "text": text})

    async def send_json(self, value: Any) -> None:
        """Send a value as a text frame of JSON."""
        await self.send_text(json.dumps(value))

    async def send_bytes(self, data: bytes) -> None:
        """Send a binary frame."""
        self._to_app.put_nowait({"type": "websocket.receive", "bytes": data})

    async def receive_text(self) -> str:
        """The next frame's text. Raises `WebSocketClosed`, or `TimeoutError` when none comes."""
        message = await self._receive("websocket.send")
        text: str | None = message.get("text")
        return str(message["bytes"], "utf-8") if text is None else text

    async def receive_json(self) -> Any:
        """The next frame's JSON value."""
        return json.loads(await self.receive_text())

    async def close(self, code: int = 1000) -> None:
        """Close, and wait until the application has noticed. Raises what it raised."""
        if self._task is None:
            return
        task, self._task = self._task, None
        self._to_app.put_nowait({"type": "websocket.disconnect", "code": code, "reason": ""})
        try:
            async with asyncio.timeout(self._timeout):
                await task
        except TimeoutError:
            raise TimeoutError(
                f"the application did not end within {self._timeout:g} s of the disconnect"
            ) from None

    async def _receive(self, expected: str) -> dict[str, Any]:
        async with asyncio.timeout(self._timeout):
            message = await self._from_app.get()
        if message["type"] == "websocket.close":
            raise WebSocketClosed(message.get("code", 1000), message.get("reason") or "")
        if message["type"] == "websocket.http.response.start":
            raise WebSocketClosed(message["status"], "refused with an HTTP response")
        if message["type"] == "harness.error":
            raise message["error"]
        assert message["type"] == expected, f"expected {expected}, got {message}"
        return message

    async def _run(self) -> None:
        try:
            await self._app(self._scope, self._to_app.get, self._from_app.put)
        except Exception as error:
            self._from_app.put_nowait({"type": "harness.error", "error": error})
            raise
        self._from_app.put_nowait({"type": "websocket.close", "code": 1006})


def _scope(path: str, headers: Mapping[str, str], subprotocols: Sequence[str]) -> dict[str, Any]:
    parts = urlsplit(path)
    own_headers = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    return {
        "type": "websocket",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "scheme": "ws",
        "server": ("test", 80),
        "client": ("127.0.0.1", 50000),
        "root_path": "",
        "path": unquote(parts.path),
        "raw_path": parts.path.encode(),
        "query_string": parts.query.encode(),
        "headers": [(b"host", b"test"), *own_headers],
        "subprotocols": list(subprotocols),
        "extensions": {"websocket.http.response": {}},
        "state": {},
    }
