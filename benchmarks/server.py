"""Measures `classify serve` under many clients at once.

    python benchmarks/server.py [--clients N] [--seconds N] [--workers N]

A server is started in a process of its own, with a fresh folder. Each client uploads one text, and then, over and
over for so many seconds, creates a job for it, gets that job and lists a page of 100. The times are those that a
client sees, in milliseconds. It ends with 1 where any answer was none of success.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import ssl
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from tempfile import TemporaryDirectory, TemporaryFile

import httpx

_KEY = "llx-benchmark"
_SERVE = f"""
import sys
from pathlib import Path

from pydantic import SecretStr

from classify_core.server.options import ServerOptions
from classify_core.server.serving import RunningServer

data, workers = Path(sys.argv[1]), int(sys.argv[2])
with RunningServer(ServerOptions(data=data, port=0, api_keys=(SecretStr({_KEY!r}),), workers=workers)) as server:
    print(server.base_url, flush=True)
    sys.stdin.read()
"""

_CONFIGURATION = {
    "rules": [
        {"type": "invoice", "description": "A bill with an invoice number, line items, tax and the total amount due."},
        {"type": "recipe", "description": "A cooking recipe with ingredients, quantities and steps of preparation."},
    ]
}
_TEXT = "Invoice number {number}. Line items: two lamps. Tax 4 EUR, total amount due 24 EUR.\n"
_JOBS = "/api/v2/classify"
_OPERATIONS = ("create", "get", "list")
_PAGE_SIZE = 100
_FIRST_SERVER_ERROR = 500
_MILLISECONDS = 1000.0
# Made once: each client would load the certificates anew, which plain HTTP never looks at.
_PLAIN = ssl.create_default_context()


@dataclass
class Measured:
    """What the clients saw.

    Attributes:
        durations: of every answered request, in seconds, by operation.
        refusals: answers that were none of success, by operation and status.
        seconds: how long the clients were at it.
        finished: jobs that were completed when they stopped.
    """

    durations: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    refusals: Counter[tuple[str, int]] = field(default_factory=Counter)
    seconds: float = 0.0
    finished: int = 0


def main(arguments: list[str] | None = None) -> None:
    """Loads a server and prints the figures."""
    options = _options(arguments)
    with _running_server(options.workers) as base_url:
        measured = asyncio.run(_measure(base_url, options.clients, options.seconds))
    _print_summary(measured, options)
    _print_operations(measured)
    if measured.refusals:
        told = ", ".join(f"{operation} {status}: {count}" for (operation, status), count in measured.refusals.items())
        sys.exit(f"\nnot every request was answered with success: {told}")


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=50, help="clients at once")
    parser.add_argument("--seconds", type=float, default=10.0, help="how long they go on")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="the server's worker processes")
    options = parser.parse_args(arguments)
    if min(options.clients, options.workers) < 1:
        parser.error("--clients and --workers are at least 1")
    return options


@contextmanager
def _running_server(workers: int) -> Iterator[str]:
    """A server's address; it ends when its standard input does."""
    with TemporaryDirectory() as folder, TemporaryFile("w+", encoding="utf-8") as log:
        command = [sys.executable, "-c", _SERVE, folder, str(workers)]
        process = subprocess.Popen(  # noqa: S603 - our own program
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
        )
        with process:
            assert process.stdout is not None
            base_url = process.stdout.readline().strip()
            if not base_url:
                log.seek(0)
                sys.exit(f"the server did not start:\n{log.read()}")
            yield base_url


async def _measure(base_url: str, clients: int, seconds: float) -> Measured:
    measured = Measured()
    async with AsyncExitStack() as stack:
        connections = [await stack.enter_async_context(_connection(base_url)) for _ in range(clients)]
        file_ids = await asyncio.gather(*(_upload(http, number) for number, http in enumerate(connections)))
        started = time.perf_counter()
        until = started + seconds
        pairs = zip(connections, file_ids, strict=True)
        await asyncio.gather(*(_go_on(http, file_id, until, measured) for http, file_id in pairs))
        measured.seconds = time.perf_counter() - started
        measured.finished = await _finished(connections[0])
    return measured


def _connection(base_url: str) -> httpx.AsyncClient:
    """One client's own: a pool that all share would be the slowest part of what is measured."""
    headers = {"Authorization": f"Bearer {_KEY}"}
    return httpx.AsyncClient(base_url=base_url, headers=headers, verify=_PLAIN, trust_env=False, timeout=60.0)


async def _upload(http: httpx.AsyncClient, number: int) -> str:
    file = (f"{number}.txt", _TEXT.format(number=number).encode())
    response = await http.post("/api/v1/beta/files", files={"file": file}, data={"purpose": "classify"})
    file_id: str = response.raise_for_status().json()["id"]
    return file_id


async def _go_on(http: httpx.AsyncClient, file_id: str, until: float, measured: Measured) -> None:
    body = {"file_input": file_id, "configuration": _CONFIGURATION}
    late = False
    while not late:
        created = await _timed(measured, "create", http.build_request("POST", _JOBS, json=body), http)
        if created.is_success:
            await _timed(measured, "get", http.build_request("GET", f"{_JOBS}/{created.json()['id']}"), http)
        await _timed(measured, "list", http.build_request("GET", _JOBS, params={"page_size": _PAGE_SIZE}), http)
        late = time.perf_counter() >= until


async def _timed(measured: Measured, operation: str, request: httpx.Request, http: httpx.AsyncClient) -> httpx.Response:
    """The answer; one that is none of success is counted."""
    started = time.perf_counter()
    response = await http.send(request)
    measured.durations[operation].append(time.perf_counter() - started)
    if not response.is_success:
        measured.refusals[operation, response.status_code] += 1
    return response


async def _finished(http: httpx.AsyncClient) -> int:
    response = await http.get(_JOBS, params={"status": "COMPLETED", "page_size": 1})
    total: int = response.raise_for_status().json()["total_size"]
    return total


def _print_summary(measured: Measured, options: argparse.Namespace) -> None:
    requests = sum(len(durations) for durations in measured.durations.values())
    server_errors = sum(count for (_, status), count in measured.refusals.items() if status >= _FIRST_SERVER_ERROR)
    print(f"clients                 {options.clients}, for {measured.seconds:.1f} s")
    print(f"workers                 {options.workers}")
    print(f"requests                {requests}, of these {server_errors} answered with 5xx")
    print(f"requests a second       {requests / measured.seconds:.0f}")
    print(f"jobs finished a second  {measured.finished / measured.seconds:.0f}")


def _print_operations(measured: Measured) -> None:
    print(f"\n{'operation':10} {'requests':>8} {'a second':>8} {'p50 ms':>8} {'p99 ms':>8}")
    for operation in _OPERATIONS:
        durations = sorted(measured.durations[operation])
        if not durations:
            continue
        rate = len(durations) / measured.seconds
        median, late = (_percentile(durations, percent) * _MILLISECONDS for percent in (50, 99))
        print(f"{operation:10} {len(durations):8} {rate:8.0f} {median:8.1f} {late:8.1f}")


def _percentile(ordered: Sequence[float], percent: int) -> float:
    """The nearest rank."""
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


if __name__ == "__main__":
    main()
