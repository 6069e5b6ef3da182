"""Requests and answers of `/api/v2/classify`: one job classifies one document."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic.config import JsonDict

from classify_core.models import MAX_FILE_INPUT_LENGTH
from classify_core.page_ranges import parse_page_ranges
from classify_core.server.schemas.common import (
    ClassificationFields,
    PaginatedResponse,
    Reply,
    Request,
    RuleFields,
    Text,
    distinct_types,
)
from classify_core.server.schemas.webhooks import WebhookConfiguration

Status = Literal["PENDING", "RUNNING", "COMPLETED", "FAILED", "CANCELLED"]
DocumentInputType = Literal["url", "file_id", "parse_job_id"]

# Pydantic's own mark would warn whoever reads the field, and the server reads it on purpose.
_DEPRECATED: Final[JsonDict] = {"deprecated": True}


def _readable(target_pages: str) -> str:
    parse_page_ranges(target_pages)
    return target_pages


class ClassifyV2Rule(RuleFields):
    """A type of document and how to recognise it."""


class ClassifyV2ParsingConfiguration(Request):
    """Which part of a document is read."""

    lang: Text = Field(default="en", description="The document's language, for text recognition.", examples=["en"])
    max_pages: int | None = Field(
        default=None, ge=1, description="At most so many pages are read; null is all of them.", examples=[10]
    )
    target_pages: Annotated[Text, AfterValidator(_readable)] | None = Field(
        default=None, description="Pages and ranges to read, 1-based; null is all of them.", examples=["1,3,5-7"]
    )


class ClassifyV2Configuration(Request):
    """What to look for and how."""

    rules: Annotated[tuple[ClassifyV2Rule, ...], AfterValidator(distinct_types)] = Field(
        min_length=1, description="The types to choose from, each in one rule."
    )
    mode: Literal["FAST"] = Field(default="FAST", description="Reads text only.")
    parsing_configuration: ClassifyV2ParsingConfiguration | None = Field(
        default=None, description="Which part of the document is read; null is all of it."
    )


class ClassifyV2JobCreateRequest(Request):
    """A document and what to look for: exactly one input, and either inline or saved rules."""

    file_input: Annotated[Text, Field(max_length=MAX_FILE_INPUT_LENGTH)] | None = Field(
        default=None,
        description="The ID of a file (`dfl-...`) or of a parse job (`pjb-...`).",
        examples=["dfl-aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"],
    )
    configuration: ClassifyV2Configuration | None = Field(
        default=None, description="The rules, unless `configuration_id` names saved ones."
    )
    configuration_id: Text | None = Field(
        default=None,
        description="The ID of saved rules.",
        examples=["cfg-11111111-2222-3333-4444-555555555555"],
    )
    transaction_id: Text | None = Field(
        default=None,
        description="Used again in the same project, it returns the first job and changes nothing.",
        examples=["tx-unique-idempotency-key"],
    )
    webhook_configurations: tuple[WebhookConfiguration, ...] | None = Field(
        default=None, description="Where the job's progress is reported."
    )
    webhook_configuration_ids: tuple[Text, ...] | None = Field(
        default=None, description="IDs of saved endpoints; this server keeps none."
    )
    file_id: Text | None = Field(
        default=None,
        json_schema_extra=_DEPRECATED,
        description="Use `file_input`.",
        examples=["dfl-aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"],
    )
    parse_job_id: Text | None = Field(
        default=None,
        json_schema_extra=_DEPRECATED,
        description="Use `file_input`.",
        examples=["pjb-aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"],
    )

    @model_validator(mode="after")
    def _one_input_and_one_configuration(self) -> Self:
        if len(self.given_inputs()) != 1:
            raise ValueError("give exactly one of file_input, file_id and parse_job_id")
        if (self.configuration is None) == (self.configuration_id is None):
            raise ValueError("give exactly one of configuration and configuration_id")
        return self

    def given_inputs(self) -> dict[str, str]:
        """The inputs that are given, by the names of their fields."""
        fields = {"file_input": self.file_input, "file_id": self.file_id, "parse_job_id": self.parse_job_id}
        return {name: value for name, value in fields.items() if value is not None}


class ClassifyV2Result(ClassificationFields):
    """The label of a document."""


class ClassifyV2JobUsage(Reply):
    """What a job would cost at the hosted service, in credits."""

    credits: float | None = Field(default=None, description="In all.")
    parse_credits: float | None = Field(default=None, description="For reading; null where another job had read it.")


class ClassifyV2JobResponse(Reply):
    """A job."""

    id: str = Field(description="The job's ID.")
    project_id: str = Field(description="The project it belongs to.")
    user_id: str = Field(description="Who created it.")
    status: Status = Field(description="Where it stands.")
    document_input_type: DocumentInputType = Field(description="What `file_input` is the ID of.")
    file_input: str = Field(description="The ID of the file or parse job that it classifies.")
    configuration: ClassifyV2Configuration = Field(description="The rules it works by.")
    configuration_id: str | None = Field(default=None, description="The saved rules that these were copied from.")
    parse_job_id: str | None = Field(
        default=None, description="Where the document's text is kept; classifying that reads nothing again."
    )
    transaction_id: str | None = Field(default=None, description="As given at its creation.")
    result: ClassifyV2Result | None = Field(default=None, description="Only where it is COMPLETED.")
    error_message: str | None = Field(default=None, description="Only where it is FAILED.")
    created_at: datetime | None = Field(default=None, description="When it was created.")
    updated_at: datetime | None = Field(default=None, description="When it last changed.")
    usage: ClassifyV2JobUsage | None = Field(default=None, description="Only with `expand=usage`.")


class ClassifyV2JobQueryResponse(PaginatedResponse[ClassifyV2JobResponse]):
    """One page of jobs."""


class ClassifyV2JobDeleteResponse(Reply):
    """The job that is no more."""

    id: str = Field(description="The job's ID.")
    project_id: str = Field(description="The project it belonged to.")
