from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import httpx

from classify_core.testing.server import ClassifyServer
from tests.server.jobs_api import V2, body_of, ended, upload

CLIENTS = 50
JOBS_A_CLIENT = 2


async def test_fifty_clients_at_once_are_all_served(classify_server: ClassifyServer, client: httpx.Client) -> None:
    body = body_of(await asyncio.to_thread(upload, client))
    answers = await asyncio.gather(*(_uses(client, body) for _ in range(CLIENTS)))

    assert Counter(status for statuses, _ in answers for status in statuses) == {200: CLIENTS * JOBS_A_CLIENT * 3}
    made = {job_id for _, job_ids in answers for job_id in job_ids}
    assert len(made) == CLIENTS * JOBS_A_CLIENT
    assert [request for request in classify_server.requests if request.status is None or request.status >= 400] == []
    assert {(await asyncio.to_thread(ended, client, job_id))["status"] for job_id in made} == {"COMPLETED"}


async def _uses(client: httpx.Client, body: dict[str, Any]) -> tuple[list[int], list[str]]:
    """What one of the clients is answered: it creates jobs, looks at each and lists all."""
    statuses, job_ids = [], []
    async with httpx.AsyncClient(base_url=client.base_url, headers=client.headers, timeout=30) as own:
        for _ in range(JOBS_A_CLIENT):
            created = await own.post(V2, json=body)
            job_ids.append(created.json()["id"])
            seen = await own.get(f"{V2}/{job_ids[-1]}")
            listed = await own.get(V2, params={"page_size": 100})
            statuses += [answer.status_code for answer in (created, seen, listed)]
    return statuses, job_ids
