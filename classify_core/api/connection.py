"""Where the service is and with which key: from arguments, else from the environment, checked before use."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from urllib.parse import SplitResult, urlsplit

import httpx
from pydantic import SecretStr

from classify_core.errors import AuthenticationError, InvalidOptionError

BASE_URL_VARIABLE = "LLAMA_CLOUD_BASE_URL"
KEY_VARIABLES = ("LLAMA_CLOUD_API_KEY", "LLAMA_PARSE_API_KEY")

US_URL = "https://api.cloud.llamaindex.ai"
EU_URL = "https://api.cloud.eu.llamaindex.ai"
REGIONS: Mapping[str, str] = {"us": US_URL, "na": US_URL, "eu": EU_URL}


def resolve_base_url(value: str | None = None) -> str:
    """Returns the service's address, without a slash at its end.

    Args:
        value: a region (`"us"`, also called `"na"`, or `"eu"`) or an address, where https is meant if no scheme is
            given; None: what `LLAMA_CLOUD_BASE_URL` says, else the region us.

    Raises:
        InvalidOptionError: the address is not usable.
    """
    if value is None:
        return _checked_url(os.environ.get(BASE_URL_VARIABLE, "").strip() or "us", BASE_URL_VARIABLE)
    if not isinstance(value, str):
        raise InvalidOptionError(f"base_url is a {type(value).__name__}; give a region (us, eu) or an address as a str")
    return _checked_url(value.strip(), "base_url")


def _checked_url(text: str, origin: str) -> str:
    region = REGIONS.get(text.lower())
    if region is not None:
        return region
    try:
        address = urlsplit(text if "://" in text else f"https://{text}")
        fault = _fault_of(address)
        httpx.URL(address.geturl())
    except (ValueError, httpx.InvalidURL):  # their messages quote the text, which may hold a password
        fault = "cannot be read as an address"
    if fault is not None:
        raise InvalidOptionError(
            f"{origin} {fault}; give a region (us, eu) or an address such as https://classify.example.com"
        )
    return f"{address.scheme}://{address.netloc}{address.path}".rstrip("/")


def _fault_of(address: SplitResult) -> str | None:
    """What is wrong with an address, without quoting what may be a secret."""
    if address.scheme not in {"http", "https"}:
        return f"has the scheme {address.scheme!r}; only http and https work"
    if "@" in address.netloc:
        return "holds a user name or a password; the key belongs into api_key"
    if address.query or address.fragment:
        return "has a query or a fragment"
    if not address.hostname or address.port == 0 or any(c.isspace() or not c.isprintable() for c in address.geturl()):
        return "has no usable host"
    return None


def region_name(base_url: str) -> str:
    """Returns `"us"`, `"eu"`, or an own deployment's host (with its port)."""
    for name in ("us", "eu"):
        if base_url == REGIONS[name]:
            return name
    return urlsplit(base_url).netloc


def is_loopback(base_url: str) -> bool:
    """Whether the address is this machine's own, which no proxy can reach."""
    host = urlsplit(base_url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def find_api_key(value: str | SecretStr | None = None) -> SecretStr | None:
    """Returns the key given, else that of `LLAMA_CLOUD_API_KEY` or `LLAMA_PARSE_API_KEY`, else None.

    An empty variable counts as absent; an empty argument is an error.

    Raises:
        AuthenticationError: the key holds characters that no key has.
    """
    if value is not None:
        return _checked_key(value, "api_key")
    for variable in KEY_VARIABLES:
        text = os.environ.get(variable, "").strip()
        if text:
            return _checked_key(text, variable)
    return None


def resolve_api_key(value: str | SecretStr | None = None) -> SecretStr:
    """Returns the key that `find_api_key` finds.

    Raises:
        AuthenticationError: there is none, or it holds characters that no key has.
    """
    key = find_api_key(value)
    if key is None:
        raise AuthenticationError(
            f"there is no API key; set {KEY_VARIABLES[0]} in the environment or pass api_key=. "
            "Keys are made in the service's console and begin with llx-"
        )
    return key


def _checked_key(value: str | SecretStr, origin: str) -> SecretStr:
    """Refuses what cannot be sent in a header, and never quotes it."""
    text = value.get_secret_value() if isinstance(value, SecretStr) else value
    if not isinstance(text, str) or not text:
        raise AuthenticationError(f"{origin} is empty; pass the whole key, or set {KEY_VARIABLES[0]}")
    if not all("!" <= character <= "~" for character in text):
        raise AuthenticationError(
            f"{origin} holds white space, control or non-ASCII characters, which no key has; "
            "copy the key again, without quotes or line ends around it"
        )
    return SecretStr(text)
