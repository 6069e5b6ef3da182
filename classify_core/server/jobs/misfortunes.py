"""What a job goes through on purpose: the hosted service's durations, and faults."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from classify_core.server.problems import ProblemError
from classify_core.server.simulation.faults import JobFault
from classify_core.server.store import files, parse_jobs
from classify_core.server.store.records import DocumentInput, StoredJob

if TYPE_CHECKING:
    from classify_core.server.service import Service


def drawn_seconds(service: Service, job: StoredJob) -> float:
    """How long a job takes at least."""
    simulation = service.simulation
    return 0.0 if simulation.job_seconds is None else simulation.job_seconds.seconds_of(simulation.seed, job.place)


async def drawn_fault(service: Service, job: StoredJob) -> JobFault | None:
    """What goes wrong with a job, by the names of its files."""
    return service.faults.for_job(await service.database.run(_names, job))


def _names(connection: sqlite3.Connection, job: StoredJob) -> list[str]:
    names = (_name(connection, job.project_id, document.input) for document in job.documents)
    return [name for name in names if name is not None]


def _name(connection: sqlite3.Connection, project_id: str, document: DocumentInput) -> str | None:
    if document.input_type == "parse_job_id":
        return parse_jobs.name_of(connection, project_id, document.file_input)
    try:
        return files.get(connection, project_id, document.file_input).name
    except ProblemError:
        return None
