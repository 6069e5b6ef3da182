"""Kills a server at random moments while it works, and checks that no job is lost, doubled or wrong.

    python benchmarks/kills.py [--kills 200] [--seed 7] [--clients 6]

Clients upload documents and create jobs without a pause, v2 jobs with transaction IDs and v1 jobs of several files,
and repeat what got no answer. Meanwhile the server is killed (`kill -9`) and started again on the same data. In the
end each job must have ended once, with the right label, and each of its statuses must have been reported once. The
moments are drawn from the seed. Exits with 1 where anything is wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeAlias

import httpx

from classify_core import AsyncClassifyClient, ClassifyJob

API_KEY: Final = "llx-kills"
V2: Final = "/api/v2/classify"
V1: Final = "/api/v1/classifier/jobs"
FILES: Final = "/api/v1/beta/files"

DOCUMENTS: Final = {
    "invoice": "Invoice number {}. Line items: two lamps. Tax 4 EUR, total amount due 24 EUR.",
    "recipe": "A cooking recipe, number {}. Ingredients: 300 g flour. Steps of preparation: mix, then bake.",
}
RULES: Final = [
    {"type": "invoice", "description": "contains invoice number, line items, and total amount"},
    {"type": "recipe", "description": "a cooking recipe with ingredients and steps of preparation"},
]
FILES_OF_A_V1_JOB: Final = 3
V1_EVERY: Final = 5
LONGEST_LIFE_SECONDS: Final = 1.0
SETTLING_SECONDS: Final = 120.0

# Short durations that vary, so that at each kill some jobs wait, some run and some have just ended.
_PROGRAM: Final = """
import sys
from pathlib import Path
from pydantic import SecretStr
from classify_core.server import JobSeconds, ServerOptions, serve

serve(ServerOptions(
    data=Path(sys.argv[1]), port=int(sys.argv[2]), api_keys=(SecretStr(sys.argv[3]),), workers=2,
    job_seconds=JobSeconds(0.05, 1.0), concurrent_jobs=8, allow_private_webhooks=True,
))
"""


@dataclass
class Expected:
    """What the clients were told and what must come of it.

    Attributes:
        v2: the job's ID and the right label, by transaction ID.
        v1: the right label of each file, by the job's ID.
    """

    v2: dict[str, tuple[str, str]] = field(default_factory=dict)
    v1: dict[str, dict[str, str]] = field(default_factory=dict)


Receipts: TypeAlias = defaultdict[str, set[tuple[str, str]]]
"""The types and IDs of the events that were reported of each job; a repeated ID is the same event."""


@dataclass(frozen=True)
class Report:
    """What was done, and what was wrong."""

    summary: str
    violations: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join([self.summary, *self.violations, f"{len(self.violations)} violations"])


class KilledServer:
    """A server in a process of its own that is killed and started again, always at the same address."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.base_url = f"http://127.0.0.1:{self._port}"

    async def start(self) -> None:
        """Starts it and waits until it answers."""
        self._process = self._started()
        async with httpx.AsyncClient(base_url=self.base_url) as client:
            await _answered(client, "GET", "/healthz")

    def _started(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", _PROGRAM, str(self._folder / "data"), str(self._port), API_KEY]
        environment = os.environ | {"TMPDIR": str(self._folder)}  # what it leaves there goes with the rest
        return subprocess.Popen(  # noqa: S603 - our own program
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def kill(self) -> None:
        """Ends it without a chance to do anything more."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()


async def run(*, kills: int, seed: int, clients: int, folder: Path) -> Report:
    """Kills a server so many times under load, lets it finish, and checks what it kept."""
    expected, receipts, over = Expected(), Receipts(set), asyncio.Event()
    server = KilledServer(folder)
    async with _receiver(receipts) as webhook, httpx.AsyncClient(base_url=server.base_url, headers=_HEADERS) as client:
        await server.start()
        try:
            async with asyncio.TaskGroup() as group:
                for number in range(clients):
                    group.create_task(_create_jobs(client, number, webhook, expected, over))
                moments = random.Random(seed)  # noqa: S311 - to be repeated, not to be secret
                for _ in range(kills):
                    await asyncio.sleep(moments.uniform(0.0, LONGEST_LIFE_SECONDS))
                    server.kill()
                    await server.start()
                over.set()
            violations = [violation async for violation in _violations(client, expected, receipts)]
        finally:
            server.kill()
    events = sum(map(len, receipts.values()))
    told = f"{kills} kills, {len(expected.v2)} v2 jobs, {len(expected.v1)} v1 jobs, {events} events"
    return Report(told, tuple(violations))


_HEADERS: Final = {"Authorization": f"Bearer {API_KEY}"}


async def _create_jobs(
    client: httpx.AsyncClient, number: int, webhook: str, expected: Expected, over: asyncio.Event
) -> None:
    count = 0
    while not over.is_set():
        count += 1
        name = f"{number}-{count}"
        if count % V1_EVERY:
            await _create_v2(client, name, webhook, expected)
        else:
            await _create_v1(client, name, webhook, expected)


async def _create_v2(client: httpx.AsyncClient, name: str, webhook: str, expected: Expected) -> None:
    file_id, label = await _upload(client, name)
    body = {"file_input": file_id, "configuration": {"rules": RULES}, "transaction_id": name}
    job = await _answered(client, "POST", V2, json=body | _reported_to(webhook))
    expected.v2[name] = (job["id"], label)


async def _create_v1(client: httpx.AsyncClient, name: str, webhook: str, expected: Expected) -> None:
    """Has no transaction ID: one that got no answer may have been made, and is then one more than is known."""
    files = [await _upload(client, f"{name}-{position}") for position in range(FILES_OF_A_V1_JOB)]
    body = {"file_ids": [file_id for file_id, _ in files], "rules": RULES}
    job = await _answered(client, "POST", V1, json=body | _reported_to(webhook))
    expected.v1[job["id"]] = dict(files)


def _reported_to(webhook: str) -> dict[str, Any]:
    return {"webhook_configurations": [{"webhook_url": webhook, "webhook_output_format": "json"}]}


async def _upload(client: httpx.AsyncClient, name: str) -> tuple[str, str]:
    """The ID of a new file and its label."""
    label = sorted(DOCUMENTS)[sum(map(ord, name)) % len(DOCUMENTS)]
    file = (f"{name}.txt", DOCUMENTS[label].format(name).encode())
    answer = await _answered(client, "POST", FILES, files={"file": file}, data={"purpose": "classify"})
    return answer["id"], label


async def _answered(client: httpx.AsyncClient, method: str, path: str, **request: Any) -> dict[str, Any]:
    """Sends a request until it is answered; whatever is not a success is a fault of the server's."""
    while True:
        with suppress(httpx.TransportError):
            answer = await client.request(method, path, **request)
            answer.raise_for_status()
            return dict(answer.json())
        await asyncio.sleep(0.02)


async def _violations(client: httpx.AsyncClient, expected: Expected, receipts: Receipts) -> AsyncIterator[str]:
    if not await _until(partial(_are_settled, client)):
        yield "some v2 jobs are still open"
    for job_id, labels in expected.v1.items():
        async for violation in _violations_of_v1(client, job_id, labels):
            yield violation
    async with AsyncClassifyClient(api_key=API_KEY, base_url=str(client.base_url)) as jobs_client:
        for violation in _violations_of_v2([job async for job in jobs_client.jobs.list()], expected):
            yield violation
    known = {job_id for job_id, _ in expected.v2.values()} | set(expected.v1)
    await _until(partial(_are_reported, known, receipts))
    for violation in _violations_of_webhooks(known, receipts):
        yield violation


async def _are_settled(client: httpx.AsyncClient) -> bool:
    pages = [await _answered(client, "GET", V2, params={"status": status}) for status in ("PENDING", "RUNNING")]
    return not any(page["total_size"] for page in pages)


def _violations_of_v2(jobs: list[ClassifyJob], expected: Expected) -> Iterator[str]:
    counts = Counter(job.transaction_id for job in jobs)
    yield from (f"{name}: {count} jobs of one transaction" for name, count in counts.items() if count > 1)
    found = {job.id: (job.status, job.result and job.result.type) for job in jobs}
    for name, (job_id, label) in expected.v2.items():
        if found.get(job_id) != ("COMPLETED", label):
            yield f"{name}: job {job_id} is {found.get(job_id, 'lost')}, not COMPLETED with {label}"


async def _violations_of_v1(client: httpx.AsyncClient, job_id: str, labels: dict[str, str]) -> AsyncIterator[str]:
    async def has_ended() -> bool:
        return bool((await _answered(client, "GET", f"{V1}/{job_id}"))["status"] != "PENDING")

    await _until(has_ended)
    job = await _answered(client, "GET", f"{V1}/{job_id}")
    results = await _answered(client, "GET", f"{V1}/{job_id}/results")
    found = {item["file_id"]: item["result"] and item["result"]["type"] for item in results["items"]}
    if job["status"] != "SUCCESS" or found != labels:
        yield f"v1 job {job_id} is {job['status']} with {found}, not {labels}"


async def _until(is_so: Callable[[], Awaitable[bool]]) -> bool:
    """Whether it came to be so in the time allowed."""
    deadline = time.monotonic() + SETTLING_SECONDS
    while not (found := await is_so()) and time.monotonic() < deadline:  # noqa: ASYNC110 - another process has no event
        await asyncio.sleep(0.1)
    return found


async def _are_reported(known: set[str], receipts: Receipts) -> bool:
    return all("classify.success" in dict(receipts[job_id]) for job_id in known)


def _violations_of_webhooks(known: set[str], receipts: Receipts) -> Iterator[str]:
    for job_id in known:
        reported = sorted(event_type for event_type, _ in receipts[job_id])
        # An event may be sent again after a kill, under the same ID; each status is reached once.
        if reported != ["classify.pending", "classify.running", "classify.success"]:
            yield f"job {job_id} was reported as {reported}"


@asynccontextmanager
async def _receiver(receipts: Receipts) -> AsyncIterator[str]:
    """Receives webhooks at the address that it yields."""

    async def receive(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, EOFError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            length = next(line.split(":")[1] for line in head.split("\r\n") if line.startswith("content-length"))
            event = json.loads(await reader.readexactly(int(length)))
            receipts[event["data"]["job_id"]].add((event["event_type"], event["event_id"]))
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            await writer.drain()
        writer.close()

    listening = await asyncio.start_server(receive, "127.0.0.1", 0)
    async with listening:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def main() -> None:
    """Runs it and prints what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--clients", type=int, default=6)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="classify-kills-") as folder:
        report = asyncio.run(run(kills=options.kills, seed=options.seed, clients=options.clients, folder=Path(folder)))
    print(report)
    sys.exit(1 if report.violations else 0)


if __name__ == "__main__":
    main()
