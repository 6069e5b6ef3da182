"""Downloads a document from the web within limits of size, time and address.

Each redirect's address is checked as the first one is. An address may hold a secret in its user and its query, so that
neither reaches an error or a log.
"""

from __future__ import annotations

import asyncio
import mimetypes
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urljoin

import httpx

from classify_core.checks import checked_count, checked_seconds
from classify_core.errors import UnreadableDocumentError
from classify_core.public_addresses import (
    CheckedTransport,
    InvalidAddressError,
    PrivateHostError,
    UnknownHostError,
    parsed_address,
    reason_of,
)

MAX_REDIRECTS: Final = 5
# Servers answer these for whatever they do not know; the address's own ending tells more.
_VAGUE_MEDIA_TYPES: Final = frozenset({"application/octet-stream", "text/plain", "binary/octet-stream"})


@dataclass(frozen=True, slots=True)
class DownloadLimits:
    """What a download may take.

    Attributes:
        max_bytes: size of the body once decompressed.
        timeout: seconds for all of it, redirects included.
        allow_private: whether addresses that are not public may be asked.

    Raises:
        InvalidOptionError: `max_bytes` is no positive whole number, or `timeout` no positive number of seconds.
    """

    max_bytes: int = 512 * 1024 * 1024
    timeout: float = 60.0
    allow_private: bool = False

    def __post_init__(self) -> None:
        checked_count("max_bytes", self.max_bytes)
        checked_seconds("timeout", self.timeout)


@dataclass(frozen=True, slots=True)
class Downloaded:
    """A downloaded body and the file ending that its content type stands for; empty where that tells nothing."""

    data: bytes = field(repr=False)
    format: str


async def download(url: str, limits: DownloadLimits, *, name: str | None = None) -> Downloaded:
    """Downloads `url`.

    Raises:
        UnreadableDocumentError: not an http(s) address, a private one, too large, too slow, or an error answer.
    """
    try:
        async with asyncio.timeout(limits.timeout):
            return await _follow(url, limits)
    except TimeoutError as error:
        raise UnreadableDocumentError(
            f"the download of {_shown(url)} took more than {limits.timeout:g} s; "
            "raise Source.url(timeout=...) or download it yourself",
            source_name=name,
        ) from error
    except httpx.HTTPError as error:
        raise UnreadableDocumentError(
            f"the download of {_shown(url)} failed: {reason_of(error)}", source_name=name
        ) from None
    except OSError as error:  # certificates that the environment names and that cannot be read
        raise UnreadableDocumentError(
            f"the download of {_shown(url)} failed: {reason_of(error)}", source_name=name
        ) from error
    except UnreadableDocumentError as error:
        raise error.about(source_name=name) from None


async def _follow(url: str, limits: DownloadLimits) -> Downloaded:
    async with await CheckedTransport.open(allow_private=limits.allow_private, seconds=limits.timeout) as transport:
        for _ in range(MAX_REDIRECTS + 1):
            answer = await _fetch(transport, url, limits)
            if isinstance(answer, Downloaded):
                return answer
            url = _joined(url, answer)
    raise UnreadableDocumentError(f"the download was redirected more than {MAX_REDIRECTS} times")


async def _fetch(transport: CheckedTransport, url: str, limits: DownloadLimits) -> Downloaded | str:
    """Returns the body, or the address that the server redirects to."""
    async with _response(transport, url) as response:
        if response.has_redirect_location:
            return response.headers["location"]
        if not response.is_success:
            raise UnreadableDocumentError(f"{_shown(url)} answered with HTTP status {response.status_code}")
        return Downloaded(await _body(response, limits), _format(response))


@asynccontextmanager
async def _response(transport: CheckedTransport, url: str) -> AsyncIterator[httpx.Response]:
    with _refusals_about(url):
        response = await transport.handle_async_request(_request(parsed_address(url)))
    try:
        yield response
    finally:
        await response.aclose()


@contextmanager
def _refusals_about(url: str) -> Iterator[None]:
    try:
        yield
    except InvalidAddressError as error:
        raise UnreadableDocumentError(f"{_shown(url)} {error}") from None
    except PrivateHostError as error:
        raise UnreadableDocumentError(
            f"{error}, which is not downloaded from; if you trust it, use Source.url(..., allow_private=True)"
        ) from None
    except UnknownHostError as error:
        raise UnreadableDocumentError(str(error)) from error


def _request(url: httpx.URL) -> httpx.Request:
    headers = {"User-Agent": "classify-adapters", "Accept": "*/*", "Accept-Encoding": "identity"}
    request = httpx.Request("GET", url, headers=headers)
    if url.username or url.password:
        request = next(httpx.BasicAuth(url.username, url.password).auth_flow(request))
    return request


async def _body(response: httpx.Response, limits: DownloadLimits) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > limits.max_bytes:
            raise UnreadableDocumentError(
                f"it has more than {limits.max_bytes:,} bytes; raise Source.url(max_bytes=...) or split it"
            )
    return bytes(body)


def _format(response: httpx.Response) -> str:
    media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type in _VAGUE_MEDIA_TYPES:
        return ""
    return (mimetypes.guess_extension(media_type) or "").lstrip(".")


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:
        raise UnreadableDocumentError(f"{_shown(url)} redirects to what is not an address") from None


def _shown(url: str) -> str:
    """An address without its query and user, which may hold a secret."""
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError):
        return "the address"
    return f"{parsed.scheme}://{parsed.netloc.decode('ascii')}{parsed.path}" if parsed.host else "the address"
