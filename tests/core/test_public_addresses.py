from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from classify_core.public_addresses import (
    CheckedTransport,
    InvalidAddressError,
    PrivateHostError,
    UnknownHostError,
    is_public,
    is_spelled_private,
    parsed_address,
)

# Of the name pinned.test, signed by itself, until 2126.
CERTIFICATE = """\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg26z1ld7aEw1neQe4
VMrcWWZEJuB5c7WoCyg2IwzrNdKhRANCAAQYq+rkJzBVE6DGoIQQ8DezvA8akcT5
llMjUddAC9Mss86YAAusDqdvnSo0nk+ghtg/eBPR3+iIIVqbWjXa+0E0
-----END PRIVATE KEY-----
-----BEGIN CERTIFICATE-----
MIIBmzCCAUGgAwIBAgIUFGFrH1g8D1Sb5EAuv2ruyowGobIwCgYIKoZIzj0EAwIw
FjEUMBIGA1UEAwwLcGlubmVkLnRlc3QwIBcNMjYxMTIyMTQwMTA2WhgPMjEyNjEw
MjkxNDAxMDZaMBYxFDASBgNVBAMMC3Bpbm5lZC50ZXN0MFkwEwYHKoZIzj0CAQYI
KoZIzj0DAQcDQgAEGKvq5CcwVROgxqCEEPA3s7wPGpHE+ZZTI1HXQAvTLLPOmAAL
rA6nb50qNJ5PoIbYP3gT0d/oiCFam1o12vtBNKNrMGkwHQYDVR0OBBYEFEzPaAXT
9tZQK2Ic5AW/bYhiH8+eMB8GA1UdIwQYMBaAFEzPaAXT9tZQK2Ic5AW/bYhiH8+e
MA8GA1UdEwEB/wQFMAMBAf8wFgYDVR0RBA8wDYILcGlubmVkLnRlc3QwCgYIKoZI
zj0EAwIDSAAwRQIhAOnvvX6ktmOkYmCeJY97YBxs+khKZqy3SCiGGBDoE8bcAiBT
VabGosSXm+7WyhVRyD2LQFTX93/FZBsFe0OSKUHrRg==
-----END CERTIFICATE-----
"""


@contextmanager
def _web(certificate: Path | None = None) -> Iterator[tuple[int, list[str]]]:
    """A web server on 127.0.0.1: its port, and the Host of each request."""
    hosts: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            hosts.append(self.headers["Host"])
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            del format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_port, hosts
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Names(dict[str, list[list[str]]]):
    """What names resolve to: each time the next list of addresses, the last one for ever."""

    def resolve(self, host: str) -> list[str]:
        left = self[host]
        return left.pop(0) if len(left) > 1 else left[0]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    resolve = socket.getaddrinfo
    known = Names()

    def getaddrinfo(host: Any, *args: Any, **options: Any) -> Any:
        if host not in known:
            return resolve(host, *args, **options)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in known.resolve(host)]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return known


async def _get(address: str, *, allow_private: bool = True) -> int:
    async with await CheckedTransport.open(allow_private=allow_private, seconds=5.0) as transport:
        response = await transport.handle_async_request(httpx.Request("GET", parsed_address(address)))
        await response.aclose()
        return response.status_code


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("93.184.216.34", True),
        ("10.0.0.1", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("127.0.0.1", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("0.0.0.0", False),
        ("::", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fec0::1", False),
        ("fc00::1", False),
        ("ff02::1", False),
        ("::ffff:10.0.0.1", False),
        ("::127.0.0.1", False),
        ("::ffff:93.184.216.34", True),
        ("2002:0a00:0001::", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b:1::7f00:1", False),
        ("2001:db8::1", False),
        ("2606:2800:220:1:248:1893:25c8:1946", True),
    ],
)
def test_which_addresses_are_public(address: str, *, expected: bool) -> None:
    assert is_public(address) is expected


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST",
        "localhost.",
        "anything.localhost",
        "127.0.0.1",
        "127.0.0.1.",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "0",
        "::1",
        "::ffff:127.0.0.1",
        "fe80::1%25eth0",
        "169.254.169.254",
    ],
)
def test_a_private_host_is_known_by_any_spelling(host: str) -> None:
    assert is_spelled_private(host)


@pytest.mark.parametrize("host", ["93.184.216.34", "1572395042", "example.test", "notlocalhost", "localhost.test", "é"])
def test_other_hosts_are_left_to_be_resolved(host: str) -> None:
    assert not is_spelled_private(host)


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("http://[SECRET]/", "cannot be read"),
        ("http://me:SECRET@host:99999/", "names a port"),
        ("http://host:0/SECRET", "names a port"),
        ("ftp://host/SECRET", "is not an http or https address"),
        ("http:SECRET", "is not an http or https address"),
        ("SECRET", "is not an http or https address"),
        ("\ud83dSECRET", "cannot be read"),
    ],
)
def test_what_is_no_address_is_refused_and_not_quoted(address: str, reason: str) -> None:
    with pytest.raises(InvalidAddressError, match=reason) as caught:
        parsed_address(address)
    assert "SECRET" not in str(caught.value)
    assert caught.value.__context__ is None or caught.value.__suppress_context__  # which quotes what is wrong


async def test_the_address_that_was_checked_is_the_one_that_is_asked(names: Names) -> None:
    names["rebound.test"] = [["127.0.0.1"], ["127.0.0.2"]]  # nothing listens on the second
    with _web() as (port, hosts):
        assert await _get(f"http://rebound.test:{port}/") == 200
        with pytest.raises(httpx.ConnectError):
            await _get(f"http://rebound.test:{port}/")
    assert hosts == [f"rebound.test:{port}"]


async def test_each_request_resolves_and_checks_the_host_anew(names: Names) -> None:
    names["rebound.test"] = [["1.1.1.1"], ["127.0.0.1"]]
    with _web() as (port, hosts):
        async with await CheckedTransport.open(allow_private=False, seconds=5.0) as transport:
            request = httpx.Request("GET", parsed_address(f"http://rebound.test:{port}/"))
            with pytest.raises(httpx.ConnectError):  # the guard of these tests: it passed as public
                await transport.handle_async_request(request)
            with pytest.raises(PrivateHostError, match=r"'rebound\.test' has the private address 127\.0\.0\.1"):
                await transport.handle_async_request(request)
    assert hosts == []


@pytest.mark.parametrize("host", ["localhost", "127.1", "2130706433", "0x7f.1", "0.0.0.0", "[::ffff:127.0.0.1]"])
async def test_no_spelling_of_a_private_host_is_asked(host: str) -> None:
    with _web() as (port, hosts):
        with pytest.raises((PrivateHostError, UnknownHostError)):  # the guard of these tests resolves no bare number
            await _get(f"http://{host}:{port}/", allow_private=False)
        assert hosts == []


async def test_one_private_address_among_public_ones_refuses_the_host(names: Names) -> None:
    names["mixed.test"] = [["1.1.1.1", "127.0.0.1"]]
    with pytest.raises(PrivateHostError):
        await _get("http://mixed.test/", allow_private=False)


async def test_a_certificate_is_held_against_the_name_and_not_the_address(
    names: Names, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "certificate.pem").write_text(CERTIFICATE)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
    names |= {"pinned.test": [["127.0.0.1"]], "other.test": [["127.0.0.1"]]}
    with _web(tmp_path / "certificate.pem") as (port, hosts):
        async with await CheckedTransport.open(allow_private=True, seconds=5.0) as transport:
            request = httpx.Request("GET", parsed_address(f"https://pinned.test:{port}/"))
            await (await transport.handle_async_request(request)).aclose()
            # Nor does another name use the connection that the first one's certificate opened.
            with pytest.raises(httpx.ConnectError, match="certificate"):
                await transport.handle_async_request(
                    httpx.Request("GET", parsed_address(f"https://other.test:{port}/"))
                )
    assert hosts == [f"pinned.test:{port}"]
