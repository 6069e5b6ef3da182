"""Where a job's progress is reported. What else an endpoint has to be like is checked when the job is made."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import ConfigDict, Field, WithJsonSchema

from classify_core.server.schemas.common import Request, Text

_EVENTS: Final = [
    "extract.pending",
    "extract.success",
    "extract.error",
    "extract.partial_success",
    "extract.cancelled",
    "parse.pending",
    "parse.running",
    "parse.success",
    "parse.error",
    "parse.partial_success",
    "parse.cancelled",
    "classify.pending",
    "classify.running",
    "classify.success",
    "classify.error",
    "classify.partial_success",
    "classify.cancelled",
    "sheets.pending",
    "sheets.success",
    "sheets.error",
    "sheets.partial_success",
    "sheets.cancelled",
    "unmapped_event",
]

WebhookEvent = Annotated[
    Text, Field(pattern=r"^[a-z_]+(\.[a-z_]+)?$"), WithJsonSchema({"type": "string", "enum": _EVENTS})
]
"""One of the published events. The list grows with other products, so that others are taken and never happen here."""


Secret = Annotated[
    Text | None, Field(repr=False, description="The key of the deliveries' HMAC-SHA256 signature; never told again.")
]


class WebhookConfiguration(Request):
    """An endpoint of a v2 job."""

    webhook_url: Text | None = Field(
        default=None, description="Where events are posted to.", examples=["https://example.com/webhooks"]
    )
    webhook_events: tuple[WebhookEvent, ...] | None = Field(
        default=None, description="Which events; null is all of them.", examples=[["classify.success"]]
    )
    webhook_headers: dict[Text, Text] | None = Field(
        default=None, repr=False, description="Headers that are sent along."
    )
    webhook_output_format: Text | None = Field(
        default=None, description="`json` posts an object, `string` the object as a JSON string.", examples=["json"]
    )
    webhook_signing_secret: Secret = None


class LlamaParseWebhookConfiguration(Request):
    """An endpoint of a v1 job."""

    model_config = ConfigDict(extra="forbid")

    webhook_url: Text | None = Field(
        default=None,
        pattern="^https?:",
        description="Where events are posted to.",
        examples=["https://example.com/webhooks"],
    )
    webhook_events: tuple[Text, ...] | None = Field(
        default=None, description="Which events; null is all of them.", examples=[["classify.success"]]
    )
    webhook_headers: dict[Text, Any] | None = Field(
        default=None, repr=False, description="Headers that are sent along."
    )
    webhook_output_format: Literal["string", "json"] | None = Field(
        default=None, description="`json` posts an object, `string` the object as a JSON string."
    )
    webhook_signing_secret: Secret = None
