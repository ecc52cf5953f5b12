"""What routes ask for: the settings, the database, one session a request.

All are `async`: FastAPI runs a plain function in a thread, two switches for each request.
"""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import HTTPConnection

from backend.core.database import Database
from backend.core.settings import Settings, SettingsRegistry


async def get_settings(connection: HTTPConnection) -> Settings:
    """Return the settings of the app that serves this request or WebSocket."""
    registry: SettingsRegistry = connection.app.state.settings
    return registry.get(Settings)


async def get_session(connection: HTTPConnection) -> AsyncIterator[AsyncSession]:
    """Open the request's session. Services commit; what is left over is rolled back."""
    database: Database = connection.app.state.database
    async with database.session() as session:
        yield session


SettingsDep = Annotated[Settings, Depends(get_settings)]
# The scope ends the session before the response is sent, so that a slow client holds no connection.
SessionDep = Annotated[AsyncSession, Depends(get_session, scope="function")]
