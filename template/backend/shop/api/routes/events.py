"""Order events over a WebSocket."""

from fastapi import APIRouter, WebSocket

from backend.accounts.api.services import AccountsContainerDep
from backend.shop.api.order_socket import OrderSocket
from backend.shop.api.services import ShopContainerDep

router = APIRouter(prefix="/api/v1/events", tags=["events"])


@router.websocket("")
async def listen(
    websocket: WebSocket, shop: ShopContainerDep, accounts: AccountsContainerDep
) -> None:
    """Authenticate with the first message, then subscribe to orders (see `schemas/events.py`)."""
    await websocket.accept()
    await OrderSocket(websocket, shop, accounts).run()
