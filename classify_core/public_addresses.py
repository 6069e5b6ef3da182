"""Asks web servers at the very address that was checked to be public.

A host's name is resolved by us and the connection made to what was found, so that a name that resolves differently a
moment later cannot lead inside a private network. httpx's client logs whole addresses, which may hold a secret; its
transport, which is used here, logs none.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from concurrent.futures import Executor
from functools import partial
from typing import Any, Final, Self

import httpx

_SCHEMES: Final = frozenset({"http", "https"})
_LAST_PORT: Final = 65535
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
# The rest of IPv6 is reserved, local or, as ::127.0.0.1, a long-forgotten spelling of IPv4.
_GLOBAL_UNICAST: Final = ipaddress.ip_network("2000::/3")
_LOOPBACK_NAME: Final = "localhost"


class AddressError(Exception):
    """A web address is not asked. The text holds neither its user nor its path and query, which may be secret."""


class InvalidAddressError(AddressError):
    """It is no web address; the text ends a sentence that begins with the address."""


class UnknownHostError(AddressError):
    """The host's name has no address."""


class PrivateHostError(AddressError):
    """The host has an address that is not public."""


def parsed_address(address: str) -> httpx.URL:
    """Reads a web address.

    Raises:
        InvalidAddressError: it cannot be read, is not http(s), or has no host or no possible port.
    """
    try:
        url = httpx.URL(address)
    except (httpx.InvalidURL, ValueError):
        # Their texts quote what is wrong, which may be the secret.
        raise InvalidAddressError("cannot be read; write it as https://host/path") from None
    if url.scheme not in _SCHEMES or not url.host:
        raise InvalidAddressError("is not an http or https address")
    if url.port is not None and not 0 < url.port <= _LAST_PORT:
        raise InvalidAddressError(f"names a port that is not between 1 and {_LAST_PORT}")
    return url


def is_public(address: str) -> bool:
    """Whether an IP address can be reached from the whole internet; IPv4 inside IPv6 is looked at as IPv4."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(parsed, ipaddress.IPv6Address):
        inner = parsed.ipv4_mapped or parsed.sixtofour or (parsed.teredo[1] if parsed.teredo else None)
        if parsed in _NAT64:
            inner = ipaddress.IPv4Address(int(parsed) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
        return parsed.is_global and parsed in _GLOBAL_UNICAST
    return parsed.is_global and not parsed.is_multicast


def is_spelled_private(host: str) -> bool:
    """Whether a host can be told to be private by its spelling alone: an IP address, or this machine's own name."""
    name = host.lower().removesuffix(".")
    if name == _LOOPBACK_NAME or name.endswith(f".{_LOOPBACK_NAME}"):
        return True
    literal = _literal(name)
    return literal is not None and not is_public(literal)


def _literal(host: str) -> str | None:
    """The IP address that a host spells, also in the old ways that resolvers take, such as 2130706433 and 0x7f.1."""
    try:
        return str(ipaddress.ip_address(host.partition("%")[0]))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(host))
    except (OSError, UnicodeError):
        return None


def reason_of(error: httpx.HTTPError | OSError) -> str:
    """Why asking failed; texts that may quote headers, redirects and cookies among them, are left out."""
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return (str(error) if isinstance(error, httpx.NetworkError) else "") or type(error).__name__


class CheckedTransport(httpx.AsyncBaseTransport):
    """Sends requests to hosts that are public, resolving the host anew for each.

    It uses no proxy, which would resolve the name itself, behind the check. No connection is used twice, since one is
    known by its IP address alone and would serve another name under the first one's certificate.
    """

    def __init__(self, *, allow_private: bool, seconds: float, resolvers: Executor | None = None) -> None:
        """Reads the certificates, so that it may take a moment; see `open`.

        Args:
            allow_private: whether hosts that are not public may be asked.
            seconds: the caller allows for a whole request. A host's addresses share them for connecting, so that one
                that never answers leaves time for the next.
            resolvers: the threads that resolve names; None takes those of the event loop.

        Raises:
            OSError: the certificates that the environment names cannot be read.
        """
        self._allow_private = allow_private
        self._seconds = seconds
        self._resolvers = resolvers
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
        self._transport = httpx.AsyncHTTPTransport(limits=limits)

    @classmethod
    async def open(cls, *, allow_private: bool, seconds: float, resolvers: Executor | None = None) -> Self:
        """Makes one without holding up the event loop."""
        return await asyncio.to_thread(cls, allow_private=allow_private, seconds=seconds, resolvers=resolvers)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Asks the host's addresses in turn until one can be connected to; follows no redirect.

        Args:
            request: to an address from `parsed_address`.

        Raises:
            AddressError: the host has no address, or one that is not public.
            httpx.HTTPError: no answer came.
        """
        *others, last = await self._addresses(request.url.raw_host.decode("ascii"))
        patience = self._seconds / (len(others) + 1)
        for address in others:
            try:
                return await self._transport.handle_async_request(_pinned(request, address, patience))
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue
        return await self._transport.handle_async_request(_pinned(request, last, None))

    async def aclose(self) -> None:
        """Closes what is still connected."""
        await self._transport.aclose()

    async def _addresses(self, host: str) -> list[str]:
        """The addresses of the host, in the order of preference of this machine, each once."""
        resolve = partial(socket.getaddrinfo, host, None, type=socket.SOCK_STREAM)
        try:
            found = await asyncio.get_running_loop().run_in_executor(self._resolvers, resolve)
        except (OSError, UnicodeError) as error:
            raise UnknownHostError(f"the host {host!r} was not found: {error}") from error
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        refused = [address for address in addresses if not is_public(address)]
        if refused and not self._allow_private:
            raise PrivateHostError(f"the host {host!r} has the private address {refused[0]}")
        return addresses


def _pinned(request: httpx.Request, address: str, connect_timeout: float | None) -> httpx.Request:
    """The request, sent to an IP address; its headers and certificate stay those of the host."""
    return httpx.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,
        stream=request.stream,
        # The rest of the time is the caller's to watch.
        extensions={
            "sni_hostname": request.url.raw_host.decode("ascii"),
            "timeout": {"connect": connect_timeout},
            "trace": _untold,
        },
    )


async def _untold(event: str, details: dict[str, Any]) -> None:
    """Takes what was received out of httpcore's debug log, which is written from the same details after this call.

    A redirect's address may hold a secret as the first one does, and cookies are one.
    """
    if event.endswith((".complete", ".failed")):
        details.clear()
