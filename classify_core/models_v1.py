"""The resources of the deprecated classifier API, v1: one job classifies many files, and some may fail alone.

The facts are those of the service's published OpenAPI document; `tests/contract/` holds these models against them.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from classify_core.models import AnsweredRule, ClassifyResult, Received, Rule, Sent, WebhookConfiguration, known_status

MAX_FILES_OF_A_JOB = 500
DEFAULT_MAX_PAGES = 5


class V1JobStatus(StrEnum):
    """Where a v1 job stands."""

    PENDING = "PENDING"
    SUCCESS = "SUCCESS"
    ERROR = "ERROR"
    PARTIAL_SUCCESS = "PARTIAL_SUCCESS"
    CANCELLED = "CANCELLED"

    @property
    def is_terminal(self) -> bool:
        """Whether the job will not change any more."""
        return self is not V1JobStatus.PENDING


class V1Mode(StrEnum):
    """How a v1 job reads its files: their text, or also how their pages look."""

    FAST = "FAST"
    MULTIMODAL = "MULTIMODAL"


class V1ParsingConfiguration(Sent):
    """Which part of each file is read.

    Attributes:
        lang: the files' language; the service publishes which it knows.
        max_pages: read no more than this many pages of a file, 5 unless said; None is all of them.
        target_pages: 0-based page numbers, unlike v2's; None is all of them.
    """

    lang: str = "en"
    max_pages: int | None = DEFAULT_MAX_PAGES
    target_pages: tuple[Annotated[int, Field(ge=0)], ...] | None = Field(default=None, min_length=1)


class V1JobCreate(Sent):
    """The body that creates a v1 job.

    Attributes:
        file_ids: 1 to 500 uploaded files.
        rules: at least one.
        mode: `FAST` reads text, `MULTIMODAL` looks at pages too.
        parsing_configuration: which part of each file is read.
        webhook_configurations: where the service reports the job's progress.
    """

    file_ids: tuple[str, ...] = Field(min_length=1, max_length=MAX_FILES_OF_A_JOB)
    rules: tuple[Rule, ...] = Field(min_length=1)
    mode: V1Mode = V1Mode.FAST
    parsing_configuration: V1ParsingConfiguration = V1ParsingConfiguration()
    webhook_configurations: tuple[WebhookConfiguration, ...] = ()


class AnsweredV1ParsingConfiguration(Received):
    """Which part of each file was read, as the service tells it."""

    lang: str = "en"
    max_pages: int | None = DEFAULT_MAX_PAGES
    target_pages: tuple[int, ...] | None = None


class V1Job(Received):
    """A v1 job: many files under one set of rules.

    Attributes:
        error_message: why the latest attempt failed, where it did.
        effective_at: when the service last looked at the job's state.
        job_record_id: the service's own record of that state.
    """

    id: str
    project_id: str
    user_id: str
    status: Annotated[V1JobStatus, known_status(V1JobStatus, "v1 job")]
    rules: tuple[AnsweredRule, ...]
    mode: str = "FAST"
    parsing_configuration: AnsweredV1ParsingConfiguration = AnsweredV1ParsingConfiguration()
    error_message: str | None = None
    job_record_id: str | None = None
    effective_at: datetime | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


class FileClassification(Received):
    """What a v1 job found for one file.

    Attributes:
        result: None where this file failed alone, or is not done yet.
    """

    id: str
    classify_job_id: str
    file_id: str | None = None
    result: ClassifyResult | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
