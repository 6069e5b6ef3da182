"""Downloads a document from the web within limits of size, time and address.

The address is resolved by us and the connection made to the very address that was checked, so that a name that
resolves differently a moment later cannot lead inside a private network; each redirect is checked the same way.
"""

from __future__ import annotations

import asyncio
import ipaddress
import mimetypes
import socket
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urljoin

import httpx

from classify_core.errors import UnreadableDocumentError

MAX_REDIRECTS: Final = 5
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
# Servers answer these for whatever they do not know; the address's own ending tells more.
_VAGUE_MEDIA_TYPES: Final = frozenset({"application/octet-stream", "text/plain", "binary/octet-stream"})
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class DownloadLimits:
    """What a download may take.

    Attributes:
        max_bytes: size of the body once decompressed.
        timeout: seconds for all of it, redirects included.
        allow_private: whether addresses that are not public may be asked.
    """

    max_bytes: int = 512 * 1024 * 1024
    timeout: float = 60.0
    allow_private: bool = False


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
            f"the download of {_shown(url)} failed: {error or type(error).__name__}", source_name=name
        ) from error
    except (httpx.InvalidURL, ValueError) as error:
        raise UnreadableDocumentError(f"{_shown(url)} is not an address: {error}", source_name=name) from error
    except UnreadableDocumentError as error:
        raise error.about(source_name=name) from None


async def _follow(url: str, limits: DownloadLimits) -> Downloaded:
    # A proxy would resolve the name itself, behind the check of the address: none is used.
    async with httpx.AsyncClient(trust_env=False, follow_redirects=False, timeout=limits.timeout) as client:
        for _ in range(MAX_REDIRECTS + 1):
            answer = await _fetch(client, httpx.URL(url), limits)
            if isinstance(answer, Downloaded):
                return answer
            url = urljoin(url, answer)
    raise UnreadableDocumentError(f"the download was redirected more than {MAX_REDIRECTS} times")


async def _fetch(client: httpx.AsyncClient, url: httpx.URL, limits: DownloadLimits) -> Downloaded | str:
    """Returns the body, or the address that the server redirects to."""
    address = await _checked_address(url, limits)
    request = client.build_request(
        "GET",
        url.copy_with(host=address),
        headers={"Host": url.netloc.decode("ascii"), "Accept-Encoding": "identity"},
        extensions={"sni_hostname": url.host},
    )
    response = await client.send(request, stream=True)
    try:
        if response.is_redirect:
            return response.headers["location"]
        if not response.is_success:
            raise UnreadableDocumentError(f"{_shown(str(url))} answered with HTTP status {response.status_code}")
        return Downloaded(await _body(response, limits), _format(response))
    finally:
        await response.aclose()


async def _checked_address(url: httpx.URL, limits: DownloadLimits) -> str:
    if url.scheme not in _DEFAULT_PORTS or not url.host:
        raise UnreadableDocumentError(f"{_shown(str(url))} is not an http or https address")
    port = url.port or _DEFAULT_PORTS[url.scheme]
    try:
        found = await asyncio.get_running_loop().getaddrinfo(url.host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise UnreadableDocumentError(f"the host {url.host!r} was not found: {error}") from error
    addresses = [str(entry[4][0]) for entry in found]
    refused = [address for address in addresses if not is_public(address)]
    if refused and not limits.allow_private:
        raise UnreadableDocumentError(
            f"the host {url.host!r} has the private address {refused[0]}, which is not downloaded from; "
            "if you trust it, use Source.url(..., allow_private=True)"
        )
    return addresses[0]


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
    media_type = response.headers.get("content-type", "").partition(";")[0].strip()
    if media_type in _VAGUE_MEDIA_TYPES:
        return ""
    return (mimetypes.guess_extension(media_type) or "").lstrip(".")


def _shown(url: str) -> str:
    """An address without its query and user, which may hold a secret."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        return "the address"
    return f"{parsed.scheme}://{parsed.host}{parsed.path}" if parsed.host else "the address"
