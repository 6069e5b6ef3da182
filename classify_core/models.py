"""The resources of the classify API, v2, with files and saved configurations.

The facts are those of the service's published OpenAPI document and of the notes beside it; `tests/contract/` holds
these models against them. Limits are checked on what is sent (`Rule`, `ClassifyConfiguration`, ...); an answer of a
newer service may hold more than is known here, and what is unknown is kept in `model_extra`.
"""

from __future__ import annotations

import re
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Generic, Literal, Self, TypeVar

from pydantic import (
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from classify_core.errors import UnknownStatusError
from classify_core.page_ranges import parse_page_ranges

MAX_TYPE_LENGTH = 50
MIN_DESCRIPTION_LENGTH = 10
MAX_DESCRIPTION_LENGTH = 500
MAX_FILE_INPUT_LENGTH = 200
MAX_NAME_LENGTH = 255
MAX_FILE_NAME_LENGTH = 3000

_TYPE_CHARACTERS = re.compile(r"[\w \-]*")

Item = TypeVar("Item", bound=BaseModel)
Confidence = Annotated[float, Field(ge=0.0, le=1.0)]


class JobStatus(StrEnum):
    """Where a v2 job stands."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"

    @property
    def is_terminal(self) -> bool:
        """Whether the job will not change any more."""
        return self in {JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED}


def known_status(statuses: type[StrEnum], kind: str) -> BeforeValidator:
    """A validator that lets the statuses of this version pass and names any other.

    It stands after the field `id`, whose value it tells in its error.

    Args:
        statuses: those that are known.
        kind: what they are statuses of, such as `"job"`.

    Raises:
        UnknownStatusError: polling on would wait for ever for something that may have happened already.
    """

    def check(value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, str) and value not in set(statuses):
            raise UnknownStatusError(
                f"the service reports the {kind} status {value!r}, which this version of classify-adapters does not "
                f"know; known are {', '.join(statuses)}. Upgrade classify-adapters.",
                status=value,
                job_id=info.data.get("id"),
            )
        return value

    return BeforeValidator(check)


class Sent(BaseModel):
    """Something we send: strict about names, so that a misspelt field is not silently dropped."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Received(BaseModel):
    """Something the service answers: fields of a newer service are kept."""

    model_config = ConfigDict(extra="allow", frozen=True)


class Rule(Sent):
    """One type of document and how to recognise it, in plain words.

    Attributes:
        type: the label: 1 to 50 letters, digits, spaces, hyphens and underscores.
        description: what such a document contains, 10 to 500 characters.
    """

    type: str
    description: str

    @field_validator("type")
    @classmethod
    def _type_is_accepted(cls, value: str) -> str:
        if not 1 <= len(value) <= MAX_TYPE_LENGTH:
            raise ValueError(
                f"type {_shortened(value)} has {len(value)} characters; allowed are 1 to {MAX_TYPE_LENGTH}"
            )
        if not _TYPE_CHARACTERS.fullmatch(value):
            raise ValueError(
                f"type {value!r} may hold only letters, digits, spaces, hyphens and underscores, "
                f"not {_first_offending(value)!r}"
            )
        if not value.strip():
            raise ValueError(f"type {value!r} is blank")
        return value

    @field_validator("description")
    @classmethod
    def _description_is_accepted(cls, value: str) -> str:
        if not MIN_DESCRIPTION_LENGTH <= len(value) <= MAX_DESCRIPTION_LENGTH:
            raise ValueError(
                f"description {_shortened(value)} has {len(value)} characters; "
                f"allowed are {MIN_DESCRIPTION_LENGTH} to {MAX_DESCRIPTION_LENGTH}"
            )
        if not value.strip():
            raise ValueError("description is blank; say what such a document contains")
        surrogates = re.findall("[\ud800-\udfff]", value)
        if surrogates:
            raise ValueError(f"description holds {surrogates[0]!r}, half a character, which cannot be sent as UTF-8")
        return value


def _first_offending(value: str) -> str:
    return next(character for character in value if not _TYPE_CHARACTERS.fullmatch(character))


def _shortened(value: str, length: int = 40) -> str:
    return repr(value if len(value) <= length else value[: length - 1] + "…")


class ParsingConfiguration(Sent):
    """Which part of a document is read.

    Attributes:
        lang: the document's language, for text recognition.
        max_pages: read no more than this many pages, 1 or more; None reads, and where hosted bills, every page.
        target_pages: 1-based pages and ranges, such as `"1,3,5-7"`; None is all of them.
    """

    lang: str = "en"
    max_pages: int | None = Field(default=None, ge=1)
    target_pages: str | None = None

    @field_validator("target_pages")
    @classmethod
    def _ranges_are_readable(cls, value: str | None) -> str | None:
        if value is not None:
            parse_page_ranges(value)
        return value


class ClassifyConfiguration(Sent):
    """What to look for and how.

    Attributes:
        rules: at least one, with distinct types (also when case is ignored).
        mode: `FAST`, the only one of v2: text without vision.
        parsing_configuration: which part of the document is read.
    """

    rules: tuple[Rule, ...]
    mode: Literal["FAST"] = "FAST"
    parsing_configuration: ParsingConfiguration | None = None

    @field_validator("rules")
    @classmethod
    def _types_are_distinct(cls, rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
        if not rules:
            raise ValueError("there are no rules; at least 1 is needed")
        seen: dict[str, str] = {}
        for rule in rules:
            folded = rule.type.casefold()
            if folded in seen:
                raise ValueError(
                    f"the types {seen[folded]!r} and {rule.type!r} are the same (case is ignored); "
                    "each type may stand in one rule only"
                )
            seen[folded] = rule.type
        return rules


class WebhookConfiguration(Sent):
    """Where the service reports a job's progress.

    Attributes:
        webhook_url: an http or https address that is reachable from the service.
        webhook_events: such as `classify.success`; None is all of them, an empty list is refused.
        webhook_headers: sent along with each delivery.
        webhook_output_format: `json`, or `string` for JSON inside a string.
        webhook_signing_secret: the key of the HMAC in the `LC-Signature` header; never shown.
    """

    webhook_url: str | None = Field(default=None, pattern="^https?:")
    webhook_events: tuple[str, ...] | None = Field(default=None, min_length=1)
    webhook_headers: dict[str, str] | None = Field(default=None, repr=False)
    webhook_output_format: Literal["string", "json"] | None = None
    webhook_signing_secret: str | None = Field(default=None, repr=False)


class ClassifyJobCreate(Sent):
    """The body that creates a v2 job.

    Attributes:
        file_input: the ID of a file (`dfl-...`) or of a parse job (`pjb-...`), at most 200 characters.
        configuration: the rules, unless `configuration_id` names saved ones (`cfg-...`); one of the two.
        transaction_id: a repeated one, within the project, returns the first job and ignores the new body.
        file_id, parse_job_id: deprecated spellings of `file_input`.
    """

    file_input: str | None = Field(default=None, max_length=MAX_FILE_INPUT_LENGTH)
    configuration: ClassifyConfiguration | None = None
    configuration_id: str | None = None
    transaction_id: str | None = None
    webhook_configurations: tuple[WebhookConfiguration, ...] | None = None
    webhook_configuration_ids: tuple[str, ...] | None = None
    file_id: str | None = None
    parse_job_id: str | None = None

    @model_validator(mode="after")
    def _one_document_and_one_configuration(self) -> Self:
        if sum(value is not None for value in (self.file_input, self.file_id, self.parse_job_id)) != 1:
            raise ValueError("give exactly one of file_input, file_id and parse_job_id")
        if (self.configuration is None) == (self.configuration_id is None):
            raise ValueError("give either configuration or configuration_id, not both")
        return self


class AnsweredRule(Received):
    """A rule as the service tells it; its limits are the service's own."""

    type: str
    description: str


class AnsweredParsingConfiguration(Received):
    """Which part of a document was read, as the service tells it."""

    lang: str = "en"
    max_pages: int | None = None
    target_pages: str | None = None


class AnsweredConfiguration(Received):
    """A job's configuration as the service tells it."""

    rules: tuple[AnsweredRule, ...]
    mode: str = "FAST"
    parsing_configuration: AnsweredParsingConfiguration | None = None


class ClassifyResult(Received):
    """The label of a completed job.

    Attributes:
        type: a rule's type; None where no rule matched.
        confidence: 0.0 to 1.0.
        reasoning: why, in words.
    """

    type: str | None
    confidence: Confidence
    reasoning: str


class JobUsage(Received):
    """What a job cost, given with `expand=["usage"]`; in credits."""

    credits: float | None = None
    parse_credits: float | None = None

    @property
    def total(self) -> float:
        """What the job cost; 1.0, the price of a page, where neither is told.

        The published price is one credit a page, reading included, so the two are not added up.
        """
        if self.credits is None and self.parse_credits is None:
            return 1.0
        return max(self.credits or 0.0, self.parse_credits or 0.0)


class ClassifyJob(Received):
    """A v2 job: one document under one configuration.

    Attributes:
        file_input: the file or parse job it reads; older listings call it `document_input_value`.
        result: only where `status` is COMPLETED.
        error_message: only where `status` is FAILED; it may begin with a code such as `PDF_IS_PROTECTED`.
        parse_job_id: the parse job that read the document; classifying that again costs nothing.
        usage: only where it was asked for.
    """

    id: str
    project_id: str
    user_id: str
    status: Annotated[JobStatus, known_status(JobStatus, "job")]
    document_input_type: str
    file_input: str = Field(validation_alias=AliasChoices("file_input", "document_input_value"))
    configuration: AnsweredConfiguration
    configuration_id: str | None = None
    parse_job_id: str | None = None
    transaction_id: str | None = None
    result: ClassifyResult | None = None
    error_message: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    usage: JobUsage | None = None


class DeletedJob(Received):
    """What deleting a job answers."""

    id: str
    project_id: str | None = None


class PresignedUrl(Received):
    """An address that works until `expires_at`."""

    url: str = Field(repr=False)
    expires_at: datetime
    form_fields: dict[str, str] | None = Field(default=None, repr=False)


class File(Received):
    """An uploaded file. It lives 48 hours, or until `expires_at`."""

    id: str
    name: str
    project_id: str
    external_file_id: str | None = None
    file_type: str | None = None
    purpose: str | None = None
    expires_at: datetime | None = None
    last_modified_at: datetime | None = None
    download_url: PresignedUrl | None = None


class ClassifyParameters(ClassifyConfiguration):
    """What a saved configuration of this product holds."""

    product_type: Literal["classify_v2"] = "classify_v2"


class AnsweredParameters(AnsweredConfiguration):
    """A saved configuration's contents; other products' have no rules."""

    product_type: str
    rules: tuple[AnsweredRule, ...] = ()


class ConfigurationCreate(Sent):
    """The body that saves a configuration under a name; an existing one of that name is replaced."""

    name: str = Field(min_length=1, max_length=MAX_NAME_LENGTH)
    parameters: ClassifyParameters


class ConfigurationUpdate(Sent):
    """The body that changes a saved configuration; None leaves a part as it is."""

    name: str | None = Field(default=None, min_length=1, max_length=MAX_NAME_LENGTH)
    parameters: ClassifyParameters | None = None


class SavedConfiguration(Received):
    """A configuration kept by the service (`cfg-...`)."""

    id: str
    name: str
    product_type: str
    version: str
    parameters: AnsweredParameters
    created_at: datetime | None = None
    updated_at: datetime | None = None


class Page(Received, Generic[Item]):
    """One page of a listing; no `next_page_token` on the last."""

    items: tuple[Item, ...]
    next_page_token: str | None = None
    total_size: int | None = None
