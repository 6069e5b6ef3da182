"""A project at a server as the benchmark itself sees it: not through the clients that are measured."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any, Final

import httpx

_JOBS: Final = "/api/v2/classify"
_FILES: Final = "/api/v1/beta/files"
_PAUSE_SECONDS: Final = 0.1
_OPEN: Final = {"PENDING", "RUNNING"}
_WARMING_RULES: Final = [{"type": "invoice", "description": "contains invoice number, line items, and total amount"}]


class Project:
    """What a key belongs to. Each request is repeated until it succeeds, whatever faults there are."""

    def __init__(self, base_url: str, api_key: str) -> None:
        self._base_url = base_url
        self._headers = {"Authorization": f"Bearer {api_key}"}

    def warm(self, documents: int) -> None:
        """Has so many documents classified at once, so that all processes for documents run."""
        with self._client() as http:
            for number in range(documents):
                file = (f"{number}.txt", f"Invoice number {number}, line items, total amount.".encode())
                uploaded = _answer(http, "POST", _FILES, files={"file": file}, data={"purpose": "classify"})
                body = {"file_input": uploaded["id"], "configuration": {"rules": _WARMING_RULES}}
                _answer(http, "POST", _JOBS, json=body)
            while any(job["status"] in _OPEN for job in _pages(http, _JOBS, 100)):
                time.sleep(_PAUSE_SECONDS)

    def jobs_by_document(self) -> Counter[str]:
        """How many jobs each document has, by the name of its file."""
        with self._client() as http:
            names = {file["id"]: file["name"] for file in _pages(http, _FILES, 1_000)}
            return Counter(names.get(job["file_input"], job["file_input"]) for job in _pages(http, _JOBS, 100))

    def _client(self) -> httpx.Client:
        return httpx.Client(base_url=self._base_url, headers=self._headers, trust_env=False, timeout=60.0)


def _pages(http: httpx.Client, route: str, page_size: int) -> list[dict[str, Any]]:
    items, token = list[dict[str, Any]](), None
    while True:
        page = _answer(http, "GET", route, params={"page_size": page_size} | ({"page_token": token} if token else {}))
        items += page["items"]
        token = page["next_page_token"]
        if token is None:
            return items


def _answer(http: httpx.Client, method: str, route: str, **request: Any) -> dict[str, Any]:
    while True:
        try:
            response = http.request(method, route, **request)
            if response.is_success:
                return dict(response.json())
        except httpx.TransportError:
            pass
        time.sleep(_PAUSE_SECONDS)
