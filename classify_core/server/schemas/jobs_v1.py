"""Requests and answers of the deprecated `/api/v1/classifier/jobs`: one job classifies many files."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final
from uuid import UUID

from pydantic import AfterValidator, Field, WithJsonSchema

from classify_core.models_v1 import DEFAULT_MAX_PAGES, MAX_FILES_OF_A_JOB
from classify_core.server.schemas.common import (
    ClassificationFields,
    PaginatedResponse,
    Reply,
    Request,
    RuleFields,
    Text,
    distinct_types,
)
from classify_core.server.schemas.languages import ParserLanguages
from classify_core.server.schemas.webhooks import LlamaParseWebhookConfiguration
from classify_core.server.store.files import bare

# What the engine's notation for pages can hold.
_LAST_PAGE: Final = 999_999_998


def _any_spelling(identifier: str) -> str:
    if bare(identifier) is None:
        raise ValueError("this is not the ID of a file: a UUID, or `dfl-` and a UUID")
    return identifier


FileId = Annotated[Text, AfterValidator(_any_spelling), WithJsonSchema({"type": "string", "format": "uuid"})]
# An answer repeats the spelling of the request.
AnsweredFileId = Annotated[
    str,
    WithJsonSchema({"anyOf": [{"type": "string", "format": "uuid"}, {"type": "string", "pattern": "^dfl-"}]}),
]


def _one_or_more(max_pages: int) -> int:
    if max_pages < 1:
        raise ValueError("max_pages is 1 or more; null is all pages")
    return max_pages


def _page_number(page: int) -> int:
    if not 0 <= page <= _LAST_PAGE:
        raise ValueError("pages are numbered from 0 on")
    return page


class ClassifyMode(StrEnum):
    """How files are looked at. This server reads text, also where MULTIMODAL is asked for."""

    FAST = "FAST"
    MULTIMODAL = "MULTIMODAL"


class StatusEnum(StrEnum):
    """Where a job stands."""

    PENDING = "PENDING"
    SUCCESS = "SUCCESS"
    ERROR = "ERROR"
    PARTIAL_SUCCESS = "PARTIAL_SUCCESS"
    CANCELLED = "CANCELLED"


class ClassifierRule(RuleFields):
    """A type of document and how to recognise it."""


class ClassifyParsingConfiguration(Request):
    """Which part of each file is read."""

    lang: ParserLanguages = Field(default=ParserLanguages.EN, description="The files' language.")
    max_pages: Annotated[int, AfterValidator(_one_or_more)] | None = Field(
        default=DEFAULT_MAX_PAGES, description="At most so many pages of a file are read; null is all of them."
    )
    target_pages: Annotated[tuple[Annotated[int, AfterValidator(_page_number)], ...], Field(min_length=1)] | None = (
        Field(default=None, description="The pages to read, 0-based; null is all of them.")
    )


ParsingConfigurationOfJob = Annotated[
    ClassifyParsingConfiguration,
    Field(
        description=f"Which pages are read; of each file the first {DEFAULT_MAX_PAGES} unless said.",
        # Pydantic would tell the default with its nulls.
        json_schema_extra={"default": {"lang": "en", "max_pages": DEFAULT_MAX_PAGES}},
    ),
]


class ClassifyJobCreate(Request):
    """Files and what to look for in each."""

    file_ids: tuple[FileId, ...] = Field(
        min_length=1,
        max_length=MAX_FILES_OF_A_JOB,
        description="The files; each may also be written as `dfl-` and its ID.",
    )
    rules: Annotated[tuple[ClassifierRule, ...], AfterValidator(distinct_types)] = Field(
        min_length=1, description="The types to choose from, each in one rule."
    )
    mode: ClassifyMode = Field(default=ClassifyMode.FAST, description="How the files are looked at.")
    parsing_configuration: ParsingConfigurationOfJob = ClassifyParsingConfiguration()
    webhook_configurations: tuple[LlamaParseWebhookConfiguration, ...] = Field(
        default_factory=tuple, description="Where the job's progress is reported."
    )


class ClassifyJob(Reply):
    """A job."""

    id: UUID = Field(description="The job's ID.")
    project_id: UUID = Field(description="The project it belongs to.")
    user_id: str = Field(description="Who created it.")
    status: StatusEnum = Field(description="Where it stands.")
    rules: tuple[ClassifierRule, ...] = Field(min_length=1, description="The rules it works by.")
    mode: ClassifyMode = Field(default=ClassifyMode.FAST, description="As given at its creation.")
    parsing_configuration: ParsingConfigurationOfJob = ClassifyParsingConfiguration()
    error_message: str | None = Field(default=None, description="What failed, where something did.")
    job_record_id: str | None = Field(default=None, description="Always null: this server keeps no such records.")
    effective_at: datetime = Field(description="Since when the job stands there.")
    created_at: datetime | None = Field(default=None, description="When it was created.")
    updated_at: datetime | None = Field(default=None, description="When it last changed.")


class ClassificationResult(ClassificationFields):
    """The label of a file."""


class FileClassification(Reply):
    """What was found for one file."""

    id: UUID = Field(description="The ID of this finding.")
    classify_job_id: UUID = Field(description="The job that made it.")
    file_id: AnsweredFileId | None = Field(default=None, description="The file, as the job's creation names it.")
    result: ClassificationResult | None = Field(
        default=None, description="Null where this file failed or is not done yet."
    )
    created_at: datetime | None = Field(default=None, description="When the job was created.")
    updated_at: datetime | None = Field(default=None, description="When this finding last changed.")


class ClassifyJobResults(PaginatedResponse[FileClassification]):
    """One page of a job's findings, in the order of its files."""
