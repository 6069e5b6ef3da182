"""Turns refused requests into the errors of this package: one class a kind, with what the service said."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx
from pydantic import SecretStr

from classify_core.api.call import Call
from classify_core.api.connection import region_name
from classify_core.api.retry import is_certificate_fault
from classify_core.errors import (
    ApiError,
    AuthenticationError,
    ClassifyError,
    ConflictError,
    ConnectionFailedError,
    DocumentTooLargeError,
    InvalidResponseError,
    NotFoundError,
    OutOfCreditsError,
    PermissionDeniedError,
    RateLimitError,
    RejectedRequestError,
    ServerError,
)

LONGEST_DETAIL = 500
REQUEST_ID_HEADERS = ("x-request-id", "x-correlation-id", "request-id", "x-amzn-requestid", "x-amzn-trace-id", "cf-ray")

_PLAN_WORDS = re.compile(r"\b(plan|plans|quota|subscription|upgrade)\b", re.IGNORECASE)
_RATE_WORDS = re.compile(r"\brate limit", re.IGNORECASE)

Kind = tuple[type[ApiError], str]

_KINDS: Mapping[int, Kind] = {
    400: (
        RejectedRequestError,
        "mend what it names; files, parse jobs and configurations are those of the key's project",
    ),
    401: (
        AuthenticationError,
        "not a key of {base_url} (region {region}). A key belongs to one region: check the key and base_url",
    ),
    402: (OutOfCreditsError, "add credits to the account; trying again does not help"),
    403: (PermissionDeniedError, "check the key's rights, and project_id and organization_id where they are set"),
    404: (NotFoundError, "check the ID, and that the key belongs to its project and region"),
    409: (ConflictError, "get the job to see its state; only unfinished jobs can be cancelled, only finished deleted"),
    413: (DocumentTooLargeError, "the service takes at most 512 MB; split the document"),
    422: (RejectedRequestError, "correct the values that it names"),
    429: (RateLimitError, "too many requests; send fewer at a time or wait {wait}"),
}
_KINDS_OF_HUNDREDS: Mapping[int, Kind] = {
    3: (
        RejectedRequestError,
        "it redirects to {target}, which is not followed, so that the key stays here; correct base_url",
    ),
    5: (ServerError, "the service failed; try again {later}"),
}
_OTHER_KIND: Kind = (RejectedRequestError, "see the service's documentation for this status")
_PLAN_ADVICE = "the plan's limit is reached; wait for its next period or change the plan, trying again does not help"


def error_of(
    call: Call[Any],
    response: httpx.Response,
    *,
    base_url: str,
    secret: SecretStr,
    attempts: int = 1,
    retry_after: float | None = None,
) -> ApiError:
    """Returns the error for an answer that is not a good one.

    Args:
        call: what was asked.
        response: what was answered.
        base_url: where; a 401 names it, since a key belongs to one region.
        secret: the key, which is cut out of whatever the service repeats.
        attempts: how often it was asked.
        retry_after: the seconds that the service asks to wait.
    """
    status = response.status_code
    detail = read_detail(response).replace(secret.get_secret_value(), "**********")
    kind, advice = _KINDS.get(status) or _KINDS_OF_HUNDREDS.get(status // 100, _OTHER_KIND)
    context: dict[str, Any] = {
        "status": status,
        "detail": shortened(detail) or None,
        "request_id": _request_id(response),
        "job_id": call.job_id,
        "source_name": call.source_name,
    }
    if kind is RateLimitError:
        plan_limit = is_plan_limit(detail)
        advice = _PLAN_ADVICE if plan_limit else advice
        context |= {"plan_limit": plan_limit, "retry_after": retry_after}
    tried = "" if attempts == 1 else f" at attempt {attempts}"
    said = f"{call.name} answered {status}{tried}" + (f" ({shortened(detail)})" if detail else "")
    return kind(f"{said}: {advice.format(**_facts(response, base_url, retry_after))}", **context)


def _facts(response: httpx.Response, base_url: str, retry_after: float | None) -> dict[str, str]:
    """What an advice may name."""
    seconds = None if retry_after is None else f"{retry_after:,.0f} s, as the service asks"
    return {
        "base_url": base_url,
        "region": region_name(base_url),
        "target": urlsplit(response.headers.get("location", "")).hostname or "another path",
        "wait": seconds or "a minute",
        "later": "later" if seconds is None else f"in {seconds}",
    }


def is_plan_limit(detail: str) -> bool:
    """Whether a 429 speaks of the plan's limit, which waiting does not lift.

    The service documents that "Rate limit exceeded. ..." is to be waited for and that a plan's limit is not to be
    retried, but not the latter's words (contract README, "Limits, errors, price"). So a text counts as the rate
    kind unless it speaks of a plan, quota, subscription or upgrade and does not say "rate limit".
    """
    return _PLAN_WORDS.search(detail) is not None and _RATE_WORDS.search(detail) is None


def _request_id(response: httpx.Response) -> str | None:
    return next((response.headers[name] for name in REQUEST_ID_HEADERS if name in response.headers), None)


def read_detail(response: httpx.Response) -> str:
    """Returns what an error body says: `{"detail": "..."}`, FastAPI's list of faults, or its text."""
    try:
        body = json.loads(response.content)
    except ValueError:
        return "" if "html" in response.headers.get("content-type", "") else " ".join(response.text.split())
    if not isinstance(body, dict):
        return ""
    detail = next((body[key] for key in ("detail", "message", "error") if body.get(key)), "")
    if isinstance(detail, list):
        return "; ".join(_fault(fault) for fault in detail)
    return detail if isinstance(detail, str) else _fault(detail)


def _fault(fault: Any) -> str:
    """One fault of FastAPI's list; its `input` is left out, since that quotes what was sent."""
    if not isinstance(fault, dict):
        return str(fault)
    where = ".".join(str(part) for part in fault.get("loc", ()))
    message = str(fault.get("msg") or fault.get("message") or "")
    return f"{where}: {message}" if where else message


def shortened(text: str) -> str:
    """The text as one line of bounded length."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_DETAIL else line[: LONGEST_DETAIL - 1] + "…"


def fault_error(call: Call[Any], fault: httpx.RequestError, *, base_url: str, attempts: int) -> ClassifyError:
    """Returns the error for a request without a complete answer."""
    context = {"job_id": call.job_id, "source_name": call.source_name}
    if isinstance(fault, httpx.DecodingError):
        return InvalidResponseError(f"{call.name} answered with a body that cannot be decompressed", **context)
    tried = "" if attempts == 1 else f" at each of {attempts} attempts"
    return ConnectionFailedError(
        f"{call.name} got no complete answer from {base_url}{tried} ({_fault_kind(fault)}); {_fault_advice(fault)}",
        **context,
    )


def _fault_kind(fault: httpx.RequestError) -> str:
    return f"{type(fault).__name__}: {shortened(str(fault))}".removesuffix(": ")


def _fault_advice(fault: httpx.RequestError) -> str:
    if is_certificate_fault(fault):
        return "pass an http_client= that trusts the certificate"
    if isinstance(fault, httpx.TimeoutException):
        return "raise timeout= or try again later"
    return "check the base URL, the network and the proxy settings"
