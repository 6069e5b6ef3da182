"""Requests and answers outside the routes, where no framework reads or writes them."""

from __future__ import annotations

import json
from collections.abc import Iterable

from starlette.types import Scope, Send


async def answer(send: Send, status: int, detail: str, headers: Iterable[tuple[bytes, bytes]] = ()) -> None:
    """Sends an error in the API's form, `{"detail": ...}`."""
    body = json.dumps({"detail": detail}).encode()
    told = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()), *headers]
    await send({"type": "http.response.start", "status": status, "headers": told})
    await send({"type": "http.response.body", "body": body})


def header_values(scope: Scope, name: str) -> list[str]:
    """The values of a header, by its name in lower case; one for each time that it was sent."""
    wanted = name.encode()
    return [value.decode("latin-1") for key, value in scope["headers"] if key == wanted]
