"""Refuses endpoints that cannot or must not be told anything, when a job is created.

What is wrong is named by its field; no address, value of a header or secret is quoted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from classify_core.public_addresses import InvalidAddressError, is_spelled_private, parsed_address
from classify_core.server.problems import ProblemError
from classify_core.server.store.deliveries import EVENTS
from classify_core.server.webhooks.message import OWN_HEADERS_PREFIX
from classify_core.webhook_signatures import SIGNATURE_HEADER

MAX_HEADERS: Final = 50
MAX_HEADER_CHARACTERS: Final = 8 * 1024

_OUR_EVENTS: Final = "classify."
_TOKEN: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # RFC 9110, section 5.6.2
_FIELD_VALUE: Final = re.compile(r"([\x21-\x7e]([\t\x20-\x7e]*[\x21-\x7e])?)?")  # section 5.5, ASCII alone
# They frame the message, belong to one connection, or are written by us.
_RESERVED_HEADERS: Final = frozenset(
    {
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "expect",
        "host",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        SIGNATURE_HEADER.lower(),
    }
)


def check(endpoint: Mapping[str, Any], *, allow_private: bool, position: int | None = None) -> None:
    """Checks an endpoint of a job that is to be made.

    A name in its address is resolved at each delivery, since what it stands for may change.

    Args:
        endpoint: the fields of a webhook configuration.
        allow_private: whether private and loopback addresses may be told.
        position: among the job's endpoints, for the error.

    Raises:
        ProblemError: it has faults; 422 with all of them.
    """
    place = ["body", "webhook_configurations", *([] if position is None else [position])]
    faults = [
        {"loc": [*place, field], "msg": message, "type": "value_error"}
        for field, message in _faults(endpoint, allow_private=allow_private)
    ]
    if faults:
        raise ProblemError(422, faults)


def _faults(endpoint: Mapping[str, Any], *, allow_private: bool) -> Iterator[tuple[str, str]]:
    findings = {
        "webhook_url": _faults_of_address(endpoint.get("webhook_url"), allow_private=allow_private),
        "webhook_events": _faults_of_events(endpoint.get("webhook_events")),
        "webhook_headers": _faults_of_headers(endpoint.get("webhook_headers")),
        "webhook_output_format": _faults_of_format(endpoint.get("webhook_output_format")),
        "webhook_signing_secret": _faults_of_secret(endpoint.get("webhook_signing_secret")),
    }
    for field, messages in findings.items():
        for message in messages:
            yield field, message


def _faults_of_address(address: str | None, *, allow_private: bool) -> Iterator[str]:
    if address is None:
        return
    try:
        url = parsed_address(address)
    except InvalidAddressError as error:
        yield f"the address {error}"
        return
    if url.userinfo:
        yield "the address names a user, which would be seen in logs; send webhook_headers instead"
    if not allow_private and is_spelled_private(url.host):
        yield "the address is private, and webhooks are sent to public ones only"


def _faults_of_events(events: Sequence[str] | None) -> Iterator[str]:
    if events is None:
        return
    if not events:
        yield "name at least one event, or leave webhook_events out for all of them"
    # Other products' events are published too and never happen here; a wrong name of ours would wait for ever.
    if any(event.startswith(_OUR_EVENTS) and event not in EVENTS.values() for event in events):
        yield f"an event is none of {', '.join(EVENTS.values())}"


def _faults_of_headers(headers: Mapping[str, Any] | None) -> Iterator[str]:
    if headers is None:
        return
    if len(headers) > MAX_HEADERS:
        yield f"there are more than {MAX_HEADERS} headers"
        return
    if len({name.lower() for name in headers}) < len(headers):
        yield "a header is given twice, in upper and in lower case"
    for name, value in headers.items():
        yield from _faults_of_header(name, value)
    if sum(len(name) + len(str(value)) for name, value in headers.items()) > MAX_HEADER_CHARACTERS:
        yield f"the headers have more than {MAX_HEADER_CHARACTERS:,} characters"


def _faults_of_header(name: str, value: object) -> Iterator[str]:
    if _TOKEN.fullmatch(name) is None:
        yield "the name of a header has characters other than letters, digits and !#$%&'*+-.^_`|~"
        return
    if name.lower() in _RESERVED_HEADERS or name.lower().startswith(OWN_HEADERS_PREFIX):
        yield f"the header {name} is set by the server"
    if not isinstance(value, str) or _FIELD_VALUE.fullmatch(value) is None:
        yield f"the value of the header {name} is not one line of printable ASCII with no blank at its ends"


def _faults_of_format(output_format: str | None) -> Iterator[str]:
    if output_format not in {None, "json", "string"}:
        yield "it is neither json nor string"


def _faults_of_secret(secret: str | None) -> Iterator[str]:
    if secret is None:
        return
    if not secret:
        yield "a signing secret has at least one character"
    if any("\ud800" <= character <= "\udfff" for character in secret):
        yield "half a character (a lone surrogate) cannot be signed with"
