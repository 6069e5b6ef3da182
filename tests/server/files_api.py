"""What the tests of the file routes send."""

from __future__ import annotations

from typing import Any

import httpx

FILES = "/api/v1/beta/files"
OLDER_FILES = "/api/v1/files"


def uploaded(client: httpx.Client, name: str = "a.txt", content: bytes = b"an invoice", **form: str) -> dict[str, Any]:
    """A new file, as it is answered."""
    answer = client.post(FILES, files={"file": (name, content)}, data={"purpose": "classify"} | form)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def listed(client: httpx.Client, **query: Any) -> list[dict[str, Any]]:
    """The files of a page."""
    answer = client.get(FILES, params=query)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])
