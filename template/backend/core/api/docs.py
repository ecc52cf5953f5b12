"""The page `/docs`: Swagger UI, and a list of the operations where its scripts cannot be loaded."""

from html import escape

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.requests import Request
from starlette.responses import HTMLResponse

_PLACE = '<div id="swagger-ui">'


def install(app: FastAPI) -> None:
    """Serve the page, where the API's description is served."""
    if app.openapi_url:
        app.add_route("/docs", show_docs, include_in_schema=False)


async def show_docs(request: Request) -> HTMLResponse:
    """Return the page. Its scripts, which come from a CDN, replace the list."""
    app: FastAPI = request.app
    url = request.scope.get("root_path", "") + str(app.openapi_url)
    page = bytes(get_swagger_ui_html(openapi_url=url, title=app.title).body).decode()
    operations = "".join(
        f"<li><code>{method.upper()} {escape(path)}</code> {escape(operation['summary'])}</li>"
        for path, operations in app.openapi()["paths"].items()
        for method, operation in operations.items()
    )
    fallback = (
        f"<h1>{escape(app.title)}</h1><p>If this stays, Swagger UI cannot be loaded: it needs the "
        f'internet. The whole description: <a href="{escape(url)}">{escape(url)}</a></p>'
        f"<ul>{operations}</ul>"
    )
    return HTMLResponse(page.replace(_PLACE, _PLACE + fallback, 1))
