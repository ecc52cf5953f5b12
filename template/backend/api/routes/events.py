"""Events of orders, on a WebSocket."""

from fastapi import APIRouter, WebSocket

from backend.api.order_socket import OrderSocket
from backend.api.services import ShopDep

router = APIRouter(prefix="/api/v1/events", tags=["events"])


@router.websocket("")
async def listen(websocket: WebSocket, shop: ShopDep) -> None:
    """Authenticate with the first message, then subscribe to orders (see `schemas/events.py`)."""
    await websocket.accept()
    await OrderSocket(websocket, shop).run()
