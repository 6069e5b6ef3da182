"""What one delivery says to its endpoint."""

from __future__ import annotations

import json
from typing import Any, Final

import httpx

from classify_core.api.transport import USER_AGENT
from classify_core.public_addresses import parsed_address
from classify_core.server.store.deliveries import Delivery
from classify_core.webhook_signatures import SIGNATURE_HEADER, sign

# What the endpoint's own headers may not begin with, in lower case.
OWN_HEADERS_PREFIX: Final = "x-webhook-"


def request_for(delivery: Delivery) -> httpx.Request:
    """The request that tells a delivery's event; the same bytes at each attempt.

    Raises:
        InvalidAddressError: the endpoint's address is none.
    """
    endpoint = delivery.endpoint
    body = _written(delivery.body, endpoint.get("webhook_output_format"))
    headers = httpx.Headers({"User-Agent": USER_AGENT, "Accept": "*/*"})
    headers.update(endpoint.get("webhook_headers") or {})
    headers["Content-Type"] = "application/json"
    headers["X-Webhook-Event-ID"] = delivery.event_id
    headers["X-Webhook-Event-Type"] = delivery.event_type
    secret = endpoint.get("webhook_signing_secret")
    if secret is not None:
        headers[SIGNATURE_HEADER] = sign(secret, body)
    return httpx.Request("POST", parsed_address(endpoint["webhook_url"]), headers=headers, content=body)


def _written(event: dict[str, Any], output_format: str | None) -> bytes:
    """The event as an object, or, unless `json` is asked for, as a JSON string that holds the object's JSON."""
    text = json.dumps(event)
    return (text if output_format == "json" else json.dumps(text)).encode()
