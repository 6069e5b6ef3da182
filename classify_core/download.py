"""Downloads a document from the web within limits of size, time and address.

The address is resolved by us and the connection made to the very address that was checked, so that a name that
resolves differently a moment later cannot lead inside a private network; each redirect is checked the same way.

An address may hold a secret in its user and its query, so that neither reaches an error or a log. httpx's client logs
whole addresses; its transport, which is used here, logs none.
"""

from __future__ import annotations

import asyncio
import ipaddress
import mimetypes
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urljoin

import httpx

from classify_core.checks import checked_count, checked_seconds
from classify_core.errors import UnreadableDocumentError

MAX_REDIRECTS: Final = 5
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
# Servers answer these for whatever they do not know; the address's own ending tells more.
_VAGUE_MEDIA_TYPES: Final = frozenset({"application/octet-stream", "text/plain", "binary/octet-stream"})
_LAST_PORT: Final = 65535
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")


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
            f"the download of {_shown(url)} failed: {_reason(error)}", source_name=name
        ) from None
    except OSError as error:  # certificates that the environment names and that cannot be read
        reason = error.strerror or type(error).__name__
        raise UnreadableDocumentError(f"the download of {_shown(url)} failed: {reason}", source_name=name) from error
    except UnreadableDocumentError as error:
        raise error.about(source_name=name) from None


async def _follow(url: str, limits: DownloadLimits) -> Downloaded:
    # In a thread, since the transport reads the certificates as it is made. It uses no proxy, which would resolve the
    # name itself, behind the check of the address.
    async with await asyncio.to_thread(httpx.AsyncHTTPTransport) as transport:
        for _ in range(MAX_REDIRECTS + 1):
            answer = await _fetch(transport, _parsed(url), limits)
            if isinstance(answer, Downloaded):
                return answer
            url = _joined(url, answer)
    raise UnreadableDocumentError(f"the download was redirected more than {MAX_REDIRECTS} times")


async def _fetch(transport: httpx.AsyncHTTPTransport, url: httpx.URL, limits: DownloadLimits) -> Downloaded | str:
    """Returns the body, or the address that the server redirects to."""
    async with _response(transport, url, limits) as response:
        if response.has_redirect_location:
            return response.headers["location"]
        if not response.is_success:
            raise UnreadableDocumentError(f"{_shown(str(url))} answered with HTTP status {response.status_code}")
        return Downloaded(await _body(response, limits), _format(response))


@asynccontextmanager
async def _response(
    transport: httpx.AsyncHTTPTransport, url: httpx.URL, limits: DownloadLimits
) -> AsyncIterator[httpx.Response]:
    response = await _first_response(transport, url, limits)
    try:
        yield response
    finally:
        await response.aclose()


async def _first_response(
    transport: httpx.AsyncHTTPTransport, url: httpx.URL, limits: DownloadLimits
) -> httpx.Response:
    """Asks the host's addresses in turn until one can be connected to."""
    *others, last = await _checked_addresses(url, limits)
    patience = limits.timeout / (len(others) + 1)  # so that one that never answers leaves time for the next
    for address in others:
        try:
            return await transport.handle_async_request(_request(url, address, patience))
        except (httpx.ConnectError, httpx.ConnectTimeout):
            continue
    return await transport.handle_async_request(_request(url, last, None))


def _request(url: httpx.URL, address: str, connect_timeout: float | None) -> httpx.Request:
    host = url.raw_host.decode("ascii")
    request = httpx.Request(
        "GET",
        url.copy_with(host=address),
        headers={
            "Host": url.netloc.decode("ascii"),
            "User-Agent": "classify-adapters",
            "Accept": "*/*",
            "Accept-Encoding": "identity",
        },
        # The rest of the time is watched over all requests by `download`.
        extensions={"sni_hostname": host, "timeout": {"connect": connect_timeout}, "trace": _untold},
    )
    if url.username or url.password:
        request = next(httpx.BasicAuth(url.username, url.password).auth_flow(request))
    return request


async def _untold(event: str, details: dict[str, Any]) -> None:
    """Takes what was received out of httpcore's debug log, which is written from the same details after this call.

    A redirect's address may hold a secret as the first one does, and cookies are one.
    """
    if event.endswith((".complete", ".failed")):
        details.clear()


async def _checked_addresses(url: httpx.URL, limits: DownloadLimits) -> list[str]:
    """The addresses of the host, in the order of preference of this machine, each once."""
    host = url.raw_host.decode("ascii")
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, _port(url), type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise UnreadableDocumentError(f"the host {url.host!r} was not found: {error}") from error
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    refused = [address for address in addresses if not is_public(address)]
    if refused and not limits.allow_private:
        raise UnreadableDocumentError(
            f"the host {url.host!r} has the private address {refused[0]}, which is not downloaded from; "
            "if you trust it, use Source.url(..., allow_private=True)"
        )
    return addresses


def _port(url: httpx.URL) -> int:
    if url.scheme not in _DEFAULT_PORTS or not url.host:
        raise UnreadableDocumentError(f"{_shown(str(url))} is not an http or https address")
    port = _DEFAULT_PORTS[url.scheme] if url.port is None else url.port
    if not 0 < port <= _LAST_PORT:
        raise UnreadableDocumentError(f"{_shown(str(url))} names a port that is not between 1 and {_LAST_PORT}")
    return port


def is_public(address: str) -> bool:
    """Whether an IP address can be reached from the whole internet; IPv4 inside IPv6 is looked at as IPv4."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(parsed, ipaddress.IPv6Address):
        inner = parsed.ipv4_mapped or parsed.sixtofour or (parsed.teredo[1] if parsed.teredo else None)
        if parsed in _NAT64:
            inner = ipaddress.IPv4Address(int(parsed) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return parsed.is_global and not parsed.is_multicast


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


def _parsed(url: str) -> httpx.URL:
    try:
        return httpx.URL(url)
    except (httpx.InvalidURL, ValueError):
        # Their texts quote what is wrong, which may be the secret.
        raise UnreadableDocumentError(f"{_shown(url)} cannot be read; write it as https://host/path") from None


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:
        raise UnreadableDocumentError(f"{_shown(url)} redirects to what is not an address") from None


def _reason(error: httpx.HTTPError) -> str:
    """Why connecting or reading failed; other errors' texts may quote headers, redirects and cookies among them."""
    return (str(error) if isinstance(error, httpx.NetworkError) else "") or type(error).__name__


def _shown(url: str) -> str:
    """An address without its query and user, which may hold a secret."""
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError):
        return "the address"
    return f"{parsed.scheme}://{parsed.netloc.decode('ascii')}{parsed.path}" if parsed.host else "the address"
