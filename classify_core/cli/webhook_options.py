"""Webhooks on a command line: whole, or field by field. What they hold may be secret, so errors quote nothing of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Final

import typer
from pydantic import ValidationError

from classify_core.cli.commands import OptionGroup
from classify_core.cli.concealment import conceal
from classify_core.cli.values import data_of, field_flag, listed, objects_of, paired, text_of
from classify_core.errors import InvalidOptionError
from classify_core.models import WebhookConfiguration

WEBHOOK: Final = "--webhook-configuration"
FIELDS: Final = tuple(WebhookConfiguration.model_fields)


@dataclass(frozen=True)
class WebhookOptions(OptionGroup):
    """Where the service reports a job's progress."""

    webhook: Annotated[
        list[str] | None,
        typer.Option(
            WEBHOOK,
            metavar="OBJECT",
            help='A webhook as YAML or JSON: "{webhook-url: https://..., webhook-events: [classify.success]}"; @FILE '
            "reads it from a file. Repeatable.",
        ),
    ] = field(default=None, repr=False)
    webhook_url: Annotated[
        list[str] | None,
        typer.Option(f"{WEBHOOK}.webhook-url", metavar="URL", help="Repeatable, for several webhooks."),
    ] = None
    webhook_events: Annotated[
        list[str] | None,
        typer.Option(
            f"{WEBHOOK}.webhook-events",
            metavar="EVENTS",
            help="Such as classify.success,classify.error; unless said, all.",
        ),
    ] = None
    webhook_headers: Annotated[
        list[str] | None,
        typer.Option(
            f"{WEBHOOK}.webhook-headers", metavar="OBJECT", help='Sent along: "{X-Team: finance}"; @FILE reads them.'
        ),
    ] = field(default=None, repr=False)
    webhook_output_format: Annotated[
        list[str] | None,
        typer.Option(f"{WEBHOOK}.webhook-output-format", metavar="json|string", help="Unless said, string."),
    ] = None
    webhook_signing_secret: Annotated[
        list[str] | None,
        typer.Option(
            f"{WEBHOOK}.webhook-signing-secret", metavar="SECRET", help="Signs deliveries; @FILE reads it from a file."
        ),
    ] = field(default=None, repr=False)

    def webhooks(self) -> list[WebhookConfiguration] | None:
        """The webhooks, whole ones first; None where none was given.

        Raises:
            UsageError: one cannot be read.
        """
        objects = objects_of(WEBHOOK, self.webhook or (), is_secret=True) + self._in_fields()
        return [_webhook(item) for item in objects] or None

    def _in_fields(self) -> list[dict[str, Any]]:
        fields: dict[str, Sequence[Any]] = {
            "webhook_url": self._texts("webhook_url"),
            "webhook_events": [listed(f"{WEBHOOK}.webhook-events", value) for value in self.webhook_events or ()],
            "webhook_headers": [_headers(value) for value in self.webhook_headers or ()],
            "webhook_output_format": self._texts("webhook_output_format"),
            "webhook_signing_secret": [conceal(text) for text in self._texts("webhook_signing_secret")],
        }
        if len(fields["webhook_url"]) == 1:
            fields |= _for_one_address(fields)
        return paired(WEBHOOK, fields)

    def _texts(self, name: str) -> list[str]:
        return [text_of(field_flag(WEBHOOK, name), value) for value in getattr(self, name) or ()]


def _for_one_address(fields: dict[str, Sequence[Any]]) -> dict[str, Sequence[Any]]:
    """Events and headers that are repeated belong to the one webhook that there is."""
    events = [event for events in fields["webhook_events"] for event in events]
    headers = {name: value for headers in fields["webhook_headers"] for name, value in headers.items()}
    return {"webhook_events": [events] if events else [], "webhook_headers": [headers] if headers else []}


def _headers(value: str) -> dict[str, Any]:
    flag = f"{WEBHOOK}.webhook-headers"
    data = data_of(flag, f"{{webhook_headers: {text_of(flag, value)}}}", is_secret=True)
    headers = data["webhook_headers"]
    if not isinstance(headers, dict):
        raise InvalidOptionError(f'{flag}: is no object; write one such as "{{X-Team: finance}}"')
    return headers


def _webhook(given: dict[str, Any]) -> WebhookConfiguration:
    """Makes a webhook; an error names fields and no more, since a misspelt one may hold the secret in its name."""
    for secret in [given.get("webhook_signing_secret"), *_values(given.get("webhook_headers"))]:
        conceal(str(secret or ""))
    if not set(given) <= set(FIELDS):
        raise InvalidOptionError(f"{WEBHOOK}: holds an unknown key; known are {', '.join(FIELDS)}")
    try:
        return WebhookConfiguration.model_validate(given)
    except ValidationError as error:
        findings = error.errors(include_url=False, include_context=False, include_input=False)
        told = "; ".join(f"{finding['loc'][0]}: {finding['msg']}" for finding in findings)
        raise InvalidOptionError(f"{WEBHOOK}: {told}") from None


def _values(headers: Any) -> list[Any]:
    return list(headers.values()) if isinstance(headers, dict) else []
