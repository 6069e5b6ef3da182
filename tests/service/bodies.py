"""The bodies that the service accepts, written apart from the client's models so that the two can disagree."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from tests.service.records import RefusedError

Body = TypeVar("Body", bound=BaseModel)


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class RuleBody(Strict):
    type: Annotated[str, Field(min_length=1, max_length=50, pattern=r"^[\w \-]+$")]
    description: Annotated[str, Field(min_length=10, max_length=500)]


class ParsingBody(Strict):
    lang: str = "en"
    max_pages: Annotated[int | None, Field(ge=1)] = None
    target_pages: Annotated[str | None, Field(pattern=r"^\d+(-\d+)?(,\d+(-\d+)?)*$")] = None


class ConfigurationBody(Strict):
    rules: Annotated[list[RuleBody], Field(min_length=1)]
    mode: Literal["FAST"] = "FAST"
    parsing_configuration: ParsingBody | None = None

    @model_validator(mode="after")
    def _types_are_unique(self) -> ConfigurationBody:
        if len({rule.type for rule in self.rules}) < len(self.rules):
            raise ValueError("rule types must be unique")
        return self


class ParametersBody(ConfigurationBody):
    product_type: Literal["classify_v2"]


class WebhookBody(Strict):
    webhook_url: str | None = None
    webhook_events: Annotated[list[str] | None, Field(min_length=1)] = None
    webhook_headers: dict[str, str] | None = None
    webhook_output_format: str | None = None
    webhook_signing_secret: str | None = None


class JobBody(Strict):
    file_input: Annotated[str | None, Field(max_length=200)] = None
    file_id: str | None = None
    parse_job_id: str | None = None
    configuration: ConfigurationBody | None = None
    configuration_id: str | None = None
    transaction_id: str | None = None
    webhook_configurations: list[WebhookBody] | None = None
    webhook_configuration_ids: list[str] | None = None

    @model_validator(mode="after")
    def _one_configuration(self) -> JobBody:
        if (self.configuration is None) == (self.configuration_id is None):
            raise ValueError("either configuration or configuration_id")
        return self


class SavedBody(Strict):
    name: Annotated[str, Field(min_length=1, max_length=255)]
    parameters: ParametersBody


class ChangeBody(Strict):
    name: Annotated[str | None, Field(min_length=1, max_length=255)] = None
    parameters: ParametersBody | None = None


class V1ParsingBody(Strict):
    lang: str = "en"
    max_pages: int | None = 5
    target_pages: Annotated[list[int] | None, Field(min_length=1)] = None


class V1JobBody(Strict):
    file_ids: Annotated[list[str], Field(min_length=1, max_length=500)]
    rules: Annotated[list[RuleBody], Field(min_length=1)]
    mode: Literal["FAST", "MULTIMODAL"] = "FAST"
    parsing_configuration: V1ParsingBody = V1ParsingBody()
    webhook_configurations: list[dict[str, Any]] = []


def read_body(model: type[Body], value: Any) -> Body:
    """Reads a JSON body, or refuses it with 422 in FastAPI's form."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        faults = [{"loc": ["body", *e["loc"]], "msg": e["msg"], "type": e["type"]} for e in error.errors()]
        raise RefusedError(422, faults) from error
