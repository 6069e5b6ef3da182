"""Cases 5 and 6: what is lost, and what is made and paid for twice, where things go wrong."""

from __future__ import annotations

import random
import time
from collections import Counter
from itertools import product
from typing import Final

from benchmarks.paired.assignment import Assignment
from benchmarks.paired.case import Case, Column, Measured, Settings
from benchmarks.paired.clients import Client
from benchmarks.paired.served import Requests, Served, served

FAULTS: Final = """\
requests:
  - {route: "*", fault: error, status: 503, share: 0.05}
  - {route: "*", fault: reset, share: 0.05}
  - {route: "POST /api/v2/classify", fault: lost, share: 0.05}
"""
JOB_SECONDS: Final = "0.3"
KILLS: Final = 3
SETTLING_SECONDS: Final = 0.5
"""After a kill: what was sent already is still worked on."""


def _size(settings: Settings) -> int:
    return settings.size(300, 30)


def _faults(settings: Settings, client: Client) -> Measured:
    documents = _size(settings)
    with served("--job-seconds", JOB_SECONDS, faults=FAULTS, seed=settings.seed) as server:
        findings = client.run(settings.hosted(server, client, "many", documents, plan="unlimited"))
        requests = server.requests()
        jobs = server.project.jobs_by_document()
    met = Counter(line["fault"] for line in requests.lines if line["fault"] is not None)
    told = f"{jobs.total()} jobs of {len(jobs)} documents; faults met: {dict(met)}; {findings.seconds:.1f} s"
    figures = {
        "lost": documents - findings.done,
        "duplicates": jobs.total() - len(jobs),
        "requests": len(requests) / documents,
    }
    return Measured(figures, (told,))


def _kills(settings: Settings, client: Client) -> Measured:
    """Kills in turn with and without a persistent cache, which the official SDK has not."""
    rounds = product(range(settings.size(KILLS, 1)), ("without", "with") if client.is_ours else ("without",))
    figures, notes = Counter[str](), list[str]()
    for kill, cached in rounds:
        # Neither at the very beginning nor at the very end, where there is nothing to be seen.
        creations = random.randint(_size(settings) // 20, _size(settings) * 19 // 20)  # noqa: S311 - no secret
        path = None if cached == "without" else str(settings.folder / f"cache-{kill}-{time.monotonic_ns()}.sqlite")
        counts, note = _one_kill(settings, client, path, creations)
        figures.update({f"{key}_{cached}": count for key, count in counts.items()})
        notes.append(f"{cached} a cache, {note}")
    figures["lost"] = figures["lost_without"] + figures["lost_with"]
    return Measured(dict(figures), tuple(notes))


def _one_kill(settings: Settings, client: Client, cache: str | None, creations: int) -> tuple[dict[str, int], str]:
    """What a repeated run made beyond the missing jobs, what it sent and what it lost; and the same in words."""
    documents = _size(settings)
    with served("--job-seconds", JOB_SECONDS, seed=settings.seed) as server:
        assignment = settings.hosted(server, client, "many", documents, plan="unlimited", cache=cache)
        _killed(server, client, assignment, creations)
        before = server.project.jobs_by_document()
        server.begin()
        findings = client.run(assignment)
        again: Requests = server.requests()
        after = server.project.jobs_by_document()
    extra = (after.total() - before.total()) - (len(after) - len(before))
    counts = {"extra": extra, "uploads": again.uploads, "lost": documents - findings.done}
    return counts, (
        f"killed with {before.total()} jobs: {extra} new jobs beyond the missing ones, {again.uploads} uploads and "
        f"{len(again)} requests in the run again, {counts['lost']} documents lost"
    )


def _killed(server: Served, client: Client, assignment: Assignment, creations: int) -> None:
    with client.start(assignment) as process:
        try:
            while process.poll() is None and server.requests().creations < creations:
                time.sleep(0.01)
        finally:
            process.kill()
    time.sleep(SETTLING_SECONDS)


FAULTY_SERVICE = Case(
    5,
    "5 % 5xx, 5 % resets, 5 % lost create answers, 300 documents: lost / duplicate jobs",
    "0 / 0",
    (Column("lost", at_most=0), Column("duplicates", at_most=0)),
    _faults,
)
KILLED_CLIENT = Case(
    6,
    "the same 300 again after `kill -9` at a random moment: new jobs beyond the missing ones, without / with a "
    f"persistent cache, {KILLS} kills each",
    "0 / 0",
    (Column("extra_without", at_most=0), Column("extra_with", at_most=0)),
    _kills,
)
