"""The page `/docs` is of use without internet, too."""

import re

import httpx2

from backend.core.settings import Settings
from backend.main import create_app
from backend.tests.fakes.database import FakeDatabase


async def get(path: str, settings: Settings) -> httpx2.Response:
    app = create_app(settings, database=FakeDatabase())
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        return await client.get(path)


async def test_the_page_lists_the_operations_where_swagger_ui_will_be() -> None:
    page = (await get("/docs", Settings(service_name="<Mugs> & more"))).text
    (place,) = re.findall(r'<div id="swagger-ui">(.*?)</div>', page, re.DOTALL)
    assert "<h1>&lt;Mugs&gt; &amp; more</h1>" in place
    assert "<li><code>GET /health/live</code> " in place
    assert 'href="/openapi.json"' in place
