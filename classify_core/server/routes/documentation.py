"""`/docs`: the API in a browser. All that it loads comes from this server: a machine may have no other network."""

from __future__ import annotations

from typing import Final

from fastapi import FastAPI, Request
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

PAGE: Final = "/docs"
OPENAPI: Final = "/openapi.json"

_ASSETS: Final = f"{PAGE}/assets"
_SCRIPT: Final = f"{_ASSETS}/swagger-ui-bundle.js"
_STYLE: Final = f"{_ASSETS}/swagger-ui.css"
_ICON: Final = f"{_ASSETS}/favicon-32x32.png"

PATHS: Final = frozenset({PAGE, OPENAPI, _SCRIPT, _STYLE, _ICON})
"""All that the page consists of."""


def install(app: FastAPI) -> None:
    """Adds the page to an application."""
    # Swagger UI's own files as a package.
    app.mount(_ASSETS, StaticFiles(packages=[("fastapi_swagger", "resources")]))
    app.add_api_route(PAGE, _page, include_in_schema=False)


async def _page(request: Request) -> HTMLResponse:
    root = request.scope.get("root_path", "")
    return get_swagger_ui_html(
        openapi_url=root + OPENAPI,
        title=request.app.title,
        swagger_js_url=root + _SCRIPT,
        swagger_css_url=root + _STYLE,
        swagger_favicon_url=root + _ICON,
    )
