"""Cases 7 and 8: one document in many pieces, and very many documents."""

from __future__ import annotations

import os

from benchmarks.paired.case import Case, Column, Measured, Settings
from benchmarks.paired.clients import Client
from benchmarks.paired.served import served

SETTLING = (5_000, 100)
MOST_MIB = 50.0


def _chunks(settings: Settings, client: Client) -> Measured:
    from benchmarks.paired.chunks import write_pdf  # noqa: PLC0415 - the other cases need no LlamaIndex

    chunks = settings.size(1_000, 30)
    path = settings.folder / "one.pdf"
    write_pdf(path, chunks=chunks, seed=settings.seed)
    with served(seed=settings.seed) as server:
        findings = client.run(settings.hosted(server, client, "chunks", chunks, pdf=str(path)))
        jobs = server.project.jobs_by_document().total()
    told = f"{findings.done} of {chunks} chunks are labelled; {findings.seconds:.1f} s"
    return Measured({"jobs": jobs, "lost": chunks - findings.done}, (told,))


def _memory(settings: Settings, client: Client) -> Measured:
    hosted, local, settling = settings.size(20_000, 300), settings.size(100_000, 600), settings.size(*SETTLING)
    with served(workers=os.cpu_count() or 1, seed=settings.seed) as server:
        assignment = settings.hosted(server, client, "stream", hosted, plan="unlimited", settling=settling)
        at_service = client.run(assignment)
    here = client.run(settings.assignment(client, "stream", local, backend="local", settling=settling))
    lost = hosted + local - at_service.done - here.done
    told = f"hosted {at_service.seconds:.0f} s, local {here.seconds:.0f} s, {lost} documents lost"
    return Measured({"hosted": at_service.growth_mib or 0.0, "local": here.growth_mib or 0.0, "lost": lost}, (told,))


ONE_PDF = Case(
    7,
    "one PDF split into 1,000 chunks: jobs",
    "1",
    (Column("jobs", at_most=1),),
    _chunks,
    sdk_uses=(),
    given_for_sdk="1,000 (not run: a job a chunk, as an extractor asks for each)",
)
MEMORY = Case(
    8,
    "20,000 documents hosted / 100,000 local, from an iterator: MiB of memory growth after the first 5,000",
    "under 50 / under 50",
    (Column("hosted", 1, at_most=MOST_MIB), Column("local", 1, at_most=MOST_MIB)),
    _memory,
    sdk_uses=(),
    given_for_sdk="-",
)
