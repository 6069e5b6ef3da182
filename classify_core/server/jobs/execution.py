"""One document of a job: read, unless its content was read before, and decided."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from classify_core.models import ClassifyConfiguration, ParsingConfiguration
from classify_core.server.problems import ProblemError
from classify_core.server.store import files, parse_jobs
from classify_core.server.store.files import StoredFile
from classify_core.server.store.parse_jobs import ParseJob
from classify_core.server.store.records import DocumentInput, Outcome
from classify_core.server.workers.failures import DocumentFailedError, gone
from classify_core.server.workers.pool import Decision
from classify_core.single_flight import SingleFlight

if TYPE_CHECKING:
    from classify_core.server.service import Service


@dataclass
class _Reading:
    """What all jobs get that wait for the same content; `is_paid` is whether one of them has counted its pages."""

    parse_job: ParseJob
    is_paid: bool

    def paid(self, pages: int) -> float:
        """The credits of the one that asks: the pages, where it is the first."""
        paid = 0 if self.is_paid else pages
        self.is_paid = True
        return float(paid)


class DocumentExecution:
    """Makes the outcomes of documents."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._readings = SingleFlight[_Reading]()

    async def outcome_of(
        self, project_id: str, document: DocumentInput, configuration: ClassifyConfiguration, turns: asyncio.Semaphore
    ) -> Outcome:
        """Classifies a document; that it cannot be classified is an outcome too.

        Args:
            project_id: whose document it is.
            document: what to read.
            configuration: what to look for.
            turns: the project's at the processes for documents.
        """
        try:
            if document.input_type == "parse_job_id":
                return await self._outcome_of_parse_job(project_id, document.file_input, configuration, turns)
            return await self._outcome_of_file(project_id, document.file_input, configuration, turns)
        except DocumentFailedError as error:
            return Outcome(error_message=str(error))
        except ProblemError:  # it was there when the job was made
            return Outcome(error_message=str(gone()))

    async def _outcome_of_parse_job(
        self, project_id: str, parse_job_id: str, configuration: ClassifyConfiguration, turns: asyncio.Semaphore
    ) -> Outcome:
        parse_job = await self._service.database.run(parse_jobs.get, project_id, parse_job_id)
        async with turns:
            decision = await self._service.workers.decide(parse_job.document, configuration)
        return _completed(parse_job, decision, total=0.0, parsing=None)

    async def _outcome_of_file(
        self, project_id: str, file_id: str, configuration: ClassifyConfiguration, turns: asyncio.Semaphore
    ) -> Outcome:
        file = await self._service.database.run(files.get, project_id, file_id)
        lang = (configuration.parsing_configuration or ParsingConfiguration()).lang
        key = f"{project_id} {file.digest} {file.file_type} {lang}"
        reading = await self._readings.do(key, partial(self._read, file, lang, turns))
        async with turns:
            decision = await self._service.workers.decide(reading.parse_job.document, configuration)
        paid = reading.paid(decision.pages)
        return _completed(reading.parse_job, decision, total=paid, parsing=paid)

    async def _read(self, file: StoredFile, lang: str, turns: asyncio.Semaphore) -> _Reading:
        file_type = file.file_type or ""
        database = self._service.database
        former = await database.run(
            parse_jobs.find_by_content, file.project_id, digest=file.digest, file_type=file_type, lang=lang
        )
        if former is not None:
            return _Reading(former, is_paid=True)
        path = self._service.file_folder.path_of(file.project_id, file.id)
        async with turns:
            document = await self._service.workers.read(path, file.name, file_type, lang)
        parse_job = await database.run(
            parse_jobs.keep,
            file.project_id,
            name=file.name,
            digest=file.digest,
            file_type=file_type,
            lang=lang,
            document=document,
        )
        return _Reading(parse_job, is_paid=False)


def _completed(parse_job: ParseJob, decision: Decision, *, total: float, parsing: float | None) -> Outcome:
    return Outcome(
        result=decision.answer.model_dump(include={"type", "confidence", "reasoning"}),
        parse_job_id=parse_job.id,
        credits=total,
        parse_credits=parsing,
    )
