"""What the tests of the job routes send."""

from __future__ import annotations

from typing import Any

import httpx

from tests.server.files_api import uploaded
from tests.waiting import wait_until

V2 = "/api/v2/classify"
V1 = "/api/v1/classifier/jobs"
CONFIGURATIONS = "/api/v1/beta/configurations"
RULES = [
    {"type": "invoice", "description": "contains invoice number, line items, and total amount"},
    {"type": "recipe", "description": "a cooking recipe with ingredients and steps of preparation"},
]
INVOICE = b"INVOICE number 2026-17. Line items: 3 chairs, 2 tables. Tax 19 %. Total amount due: 940 EUR."
UNKNOWN_FILE = "dfl-00000000-0000-4000-8000-000000000000"
V2_ENDED = {"COMPLETED", "FAILED", "CANCELLED"}


def upload(client: httpx.Client, content: bytes = INVOICE, name: str = "a.txt") -> str:
    """The ID of a new file."""
    return str(uploaded(client, name, content)["id"])


def body_of(file_input: str | None = None, **fields: Any) -> dict[str, Any]:
    """A v2 job's body; None leaves a field out."""
    body = {"file_input": file_input, "configuration": {"rules": RULES}} | fields
    return {name: value for name, value in body.items() if value is not None}


def create(client: httpx.Client, file_input: str | None = None, **fields: Any) -> dict[str, Any]:
    """A new v2 job, of a new file unless an input is given."""
    if file_input is None and not {"file_id", "parse_job_id"} & set(fields):
        file_input = upload(client)
    answer = client.post(V2, json=body_of(file_input, **fields))
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def create_v1(client: httpx.Client, file_ids: list[str], **fields: Any) -> dict[str, Any]:
    """A new v1 job."""
    answer = client.post(V1, json={"file_ids": file_ids, "rules": RULES} | fields)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def got(client: httpx.Client, path: str, **query: Any) -> dict[str, Any]:
    """The answer of a GET that succeeds."""
    answer = client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def until(client: httpx.Client, path: str, *statuses: str) -> dict[str, Any]:
    """A job, looked at until its status is one of these."""
    wait_until(lambda: got(client, path)["status"] in statuses)
    return got(client, path)


def ended(client: httpx.Client, job_id: str) -> dict[str, Any]:
    """A v2 job, once it has ended."""
    return until(client, f"{V2}/{job_id}", *V2_ENDED)


def ended_v1(client: httpx.Client, job_id: str) -> dict[str, Any]:
    """A v1 job, once it has ended."""
    return until(client, f"{V1}/{job_id}", "SUCCESS", "PARTIAL_SUCCESS", "ERROR", "CANCELLED")
