"""Cases 1 and 2: the published limits, and how near to the possible time a client comes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from benchmarks.paired.case import Case, Column, Measured, Settings
from benchmarks.paired.clients import Client, SdkUse
from benchmarks.paired.possible import Possible, possible_time
from benchmarks.paired.served import served
from classify_core.server.options import limits_named
from classify_core.server.simulation.durations import JobSeconds

JOB_SECONDS = "2,0.35"


# By itself the SDK gives a refused request up within a quarter of a minute, and the document is lost.
_PATIENT = 30


@dataclass(frozen=True)
class _Limited:
    """A server's limits, and how the clients are told of them.

    Attributes:
        limits: by their name.
        concurrent_jobs: that the server runs at once; None is as the limits say.
        plan: that our client is told.
        full, quick: how many documents there are.
    """

    limits: str
    concurrent_jobs: int | None
    plan: str | None
    full: int
    quick: int

    def possible(self, settings: Settings) -> Possible:
        """The least time, by the limits and by the durations that the server draws for the places 1, 2, ..."""
        places = range(1, settings.size(self.full, self.quick) + 1)
        drawn = JobSeconds.parse(JOB_SECONDS)
        durations = [drawn.seconds_of(settings.seed, place) for place in places]
        return possible_time(durations, limits_named(self.limits), concurrent_jobs=self.concurrent_jobs)

    def flags(self) -> list[str]:
        """Of `classify serve`."""
        queue = [] if self.concurrent_jobs is None else ["--concurrent-jobs", str(self.concurrent_jobs)]
        return ["--limits", self.limits, "--job-seconds", JOB_SECONDS, *queue]


_PUBLISHED = _Limited("published", 50, None, 200, 20)
_FREE = _Limited("free", None, "free", 20, 3)


def _measure(limited: _Limited, settings: Settings, client: Client) -> Measured:
    documents = settings.size(limited.full, limited.quick)
    with served(*limited.flags(), seed=settings.seed) as server:
        assignment = settings.hosted(server, client, "many", documents, plan=limited.plan)
        findings = client.run(assignment)
        requests = server.requests()
    figures = {
        "requests": len(requests) / documents,
        "over": findings.seconds / limited.possible(settings).known,
        "refusals": requests.refusals,
        "seconds": findings.seconds,
        "lost": documents - findings.done,
    }
    kinds = f"{requests.uploads} uploads, {requests.creations} creations, {requests.looks} looks"
    return Measured(figures, (f"{findings.seconds:.2f} s, {kinds}, {figures['lost']} documents lost",))


def _explain(limited: _Limited, settings: Settings) -> tuple[str, ...]:
    limits = limits_named(limited.limits)
    told = [f"{limits.uploads_per_5_seconds} uploads in 5 s", f"{limits.creates_per_second} creations a second"]
    told += [] if limits.requests_per_minute is None else [f"{limits.requests_per_minute} requests a minute"]
    told += [f"{limited.concurrent_jobs or limits.concurrent_jobs} jobs at once"]
    return (
        f"limits: {', '.join(told)}; durations: median and sigma {JOB_SECONDS}, seed {settings.seed}",
        f"possible with every request at the first moment allowed: {limited.possible(settings)}",
    )


def _case(number: int, title: str, limited: _Limited, requests: float, sdk_uses: tuple[SdkUse, ...]) -> Case:
    return Case(
        number,
        f"{title}: requests a document / time over the possible / refusals",
        f"at most {requests:g} / 1.10 / 0",
        (Column("requests", 2, at_most=requests), Column("over", 2, at_most=1.10), Column("refusals", 0, at_most=0)),
        partial(_measure, limited),
        sdk_uses=sdk_uses,
        explain=partial(_explain, limited),
    )


PUBLISHED_LIMITS = _case(
    1,
    "200 documents, `--limits published --concurrent-jobs 50 --job-seconds 2,0.35`",
    _PUBLISHED,
    2.05,
    tuple(SdkUse(is_async=is_async, max_retries=retries) for retries in (None, _PATIENT) for is_async in (True, False)),
)
FREE_TIER = _case(
    2,
    "20 documents, free tier, 5 jobs at once",
    _FREE,
    2.4,
    (SdkUse(at_once=5), SdkUse(at_once=5, max_retries=_PATIENT)),
)
