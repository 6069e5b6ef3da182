"""Cases 3 and 4: how soon one document is known, and what many of them cost a client."""

from __future__ import annotations

import statistics

from benchmarks.paired.case import Case, Column, Measured, Settings
from benchmarks.paired.clients import Client, SdkUse
from benchmarks.paired.processor_time import pinned
from benchmarks.paired.served import served

CORES = 2
JOB_SECONDS = "0.3"
_MILLISECONDS = 1000.0


def _one_document(settings: Settings, client: Client) -> Measured:
    measured = settings.size(20, 3)
    with served(seed=settings.seed) as server:
        findings = client.run(settings.hosted(server, client, "singles", measured + 1))
    seconds = findings.singles
    told = f"{min(seconds):.3f} to {max(seconds):.3f} s, {measured + 1 - findings.done} documents lost"
    return Measured({"seconds": statistics.median(seconds), "lost": measured + 1 - findings.done}, (told,))


def _many_documents(settings: Settings, client: Client) -> Measured:
    documents = settings.size(2_000, 50)
    with pinned(CORES) as is_pinned, served("--job-seconds", JOB_SECONDS, seed=settings.seed) as server:
        before = server.processor_seconds()
        findings = client.run(settings.hosted(server, client, "many", documents, plan="unlimited"))
        after = server.processor_seconds()
    figures = {
        "rate": documents / findings.seconds,
        "client": _MILLISECONDS * findings.processor_seconds / documents,
        "seconds": findings.seconds,
        "lost": documents - findings.done,
    }
    told = f"{findings.seconds:.1f} s, of these the client's processor {findings.processor_seconds:.1f} s"
    if before is not None and after is not None:
        figures["server"] = _MILLISECONDS * (after - before) / documents
        told += f" and the server's {after - before:.1f} s"
    told += f"; {figures['lost']} documents lost"
    return Measured(figures, (told if is_pinned else f"{told}; this system cannot pin to cores",))


ONE_DOCUMENT = Case(
    3,
    "1 document, job ready at once, warm client and server, median of 20: seconds",
    "at most 0.15",
    (Column("seconds", 3, at_most=0.15),),
    _one_document,
    sdk_uses=(SdkUse(at_once=1),),
)
MANY_DOCUMENTS = Case(
    4,
    "2,000 documents, no limits, 0.3 s jobs, 2 cores: documents a second / ms of the client's processor a document / "
    "ms of the server's",
    "at least 2 x the SDK's / at most a third of the SDK's / -",
    (Column("rate", 1, at_least_of_sdk=2.0), Column("client", 2, at_most_of_sdk=1 / 3), Column("server", 2)),
    _many_documents,
    # From 100 at once on its CPU is the bound; with 500 it spends most of it on its pool of connections.
    sdk_uses=(SdkUse(), SdkUse(at_once=100), SdkUse(at_once=500)),
)
