"""How a request becomes a job: what it names is looked up and the job is made in one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Protocol, TypeVar

from pydantic import BaseModel

from classify_core.server.problems import ProblemError, not_found
from classify_core.server.schemas.jobs_v1 import ClassifyJobCreate
from classify_core.server.schemas.jobs_v2 import ClassifyV2Configuration, ClassifyV2JobCreateRequest
from classify_core.server.schemas.webhooks import LlamaParseWebhookConfiguration, WebhookConfiguration
from classify_core.server.service import Service
from classify_core.server.store import configurations, files, jobs, parse_jobs
from classify_core.server.store.projects import Project
from classify_core.server.store.records import DocumentInput, JobState, NewJob, StoredJob
from classify_core.server.webhooks import endpoints

MAX_ENDPOINTS: Final = 20
"""Webhook endpoints of a job: each is owed up to three deliveries: waiting, running, ended."""

_PARSE_JOB_PREFIX: Final = "pjb-"

Body_contra = TypeVar("Body_contra", bound=BaseModel, contravariant=True)


class Maker(Protocol[Body_contra]):
    """A function of the store that makes a job of a request's body."""

    def __call__(
        self, connection: sqlite3.Connection, project_id: str, body: Body_contra, *, allow_private_webhooks: bool
    ) -> StoredJob:
        """Makes the job, or returns the one that this request had made before."""


async def create(service: Service, make: Maker[Body_contra], project: Project, body: Body_contra) -> StoredJob:
    """Makes a job and has it worked on.

    Raises:
        ProblemError: the request names what is not there, or what cannot be used.
    """
    job = await service.database.run(
        make, project.id, body, allow_private_webhooks=service.options.allow_private_webhooks
    )
    if job.status is JobState.PENDING:
        service.runner.submit(job)
        service.webhooks.wake()
    return job


def make_v2(
    connection: sqlite3.Connection, project_id: str, body: ClassifyV2JobCreateRequest, *, allow_private_webhooks: bool
) -> StoredJob:
    """Makes a v2 job. A transaction ID that was used returns its job, whatever else the request says.

    Raises:
        ProblemError: the request names what is not there, or what cannot be used.
    """
    earlier = jobs.of_transaction(connection, project_id, "v2", body.transaction_id)
    if earlier is not None:
        return earlier
    if body.webhook_configuration_ids:
        raise ProblemError(400, "No webhook configuration is saved here; give webhook_configurations instead")
    new = NewJob(
        project_id=project_id,
        api="v2",
        inputs=(_input(connection, project_id, body),),
        configuration=_configuration(connection, project_id, body).model_dump(mode="json"),
        configuration_id=body.configuration_id,
        transaction_id=body.transaction_id,
        webhooks=_endpoints(body.webhook_configurations or (), allow_private=allow_private_webhooks),
    )
    return jobs.create(connection, new)


def make_v1(
    connection: sqlite3.Connection, project_id: str, body: ClassifyJobCreate, *, allow_private_webhooks: bool
) -> StoredJob:
    """Makes a v1 job; a file that is named twice is classified once.

    Raises:
        ProblemError: the request names a file that is not there, or an endpoint that cannot be used.
    """
    file_ids = tuple(dict.fromkeys(body.file_ids))
    with _named_by_the_body():
        for file_id in file_ids:
            files.get(connection, project_id, file_id)
    new = NewJob(
        project_id=project_id,
        api="v1",
        inputs=tuple(DocumentInput("file_id", file_id) for file_id in file_ids),
        configuration=body.model_dump(mode="json", include={"rules", "mode", "parsing_configuration"}),
        webhooks=_endpoints(body.webhook_configurations, allow_private=allow_private_webhooks),
    )
    return jobs.create(connection, new)


def _input(connection: sqlite3.Connection, project_id: str, body: ClassifyV2JobCreateRequest) -> DocumentInput:
    [(field, identifier)] = body.given_inputs().items()
    with _named_by_the_body():
        if field == "file_id" or not (field == "parse_job_id" or identifier.startswith(_PARSE_JOB_PREFIX)):
            files.get(connection, project_id, identifier)
            return DocumentInput("file_id", identifier)
        if not parse_jobs.exists(connection, project_id, identifier):
            raise not_found("Parse job", identifier)
    return DocumentInput("parse_job_id", identifier)


def _configuration(
    connection: sqlite3.Connection, project_id: str, body: ClassifyV2JobCreateRequest
) -> ClassifyV2Configuration:
    if body.configuration is not None:
        return body.configuration
    assert body.configuration_id is not None, "the schema asks for one of the two"
    with _named_by_the_body():
        saved = configurations.get(connection, project_id, body.configuration_id)
    return ClassifyV2Configuration.model_validate(saved.parameters)


@contextmanager
def _named_by_the_body() -> Iterator[None]:
    """What a body names and is not there makes the request bad; its address is right."""
    try:
        yield
    except ProblemError as problem:
        raise ProblemError(400, problem.detail) from None


def _endpoints(
    given: tuple[WebhookConfiguration | LlamaParseWebhookConfiguration, ...], *, allow_private: bool
) -> tuple[dict[str, object], ...]:
    if len(given) > MAX_ENDPOINTS:
        raise ProblemError(400, f"A job has {MAX_ENDPOINTS} webhook endpoints at most, not {len(given)}")
    told = tuple(endpoint.model_dump(mode="json") for endpoint in given)
    for position, endpoint in enumerate(told):
        endpoints.check(endpoint, allow_private=allow_private, position=position)
    return told
