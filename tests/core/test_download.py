from __future__ import annotations

import base64
import gzip
import logging
import math
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from classify_core import Classifier, InvalidOptionError, Rule, Source, UnreadableDocumentError, public_addresses
from classify_core.download import DownloadLimits, download
from classify_core.source import Content, read

Page = Callable[[BaseHTTPRequestHandler], None]


def _send(body: bytes, *, status: int = 200, **headers: str) -> Page:
    def page(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return page


def _drip(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    stopped = handler.server.stopped  # type: ignore[attr-defined]  # set by `web`
    while not stopped.wait(0.02):
        try:
            handler.wfile.write(b"x")
        except OSError:
            return


@contextmanager
def web(**pages: Page) -> Iterator[str]:
    """A web server on loopback whose paths are behaviours."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            pages[self.path.strip("/").partition("?")[0].partition(".")[0]](self)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            del format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.stopped = threading.Event()  # type: ignore[attr-defined]  # read by `_drip`
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.stopped.set()  # type: ignore[attr-defined]  # as above
        server.shutdown()
        server.server_close()
        thread.join()


async def _read(url: str, **limits: object) -> Content:
    content = await read(Source.url(url, **({"allow_private": True} | limits)))
    assert content is not None
    return content


async def _told(url: str, **limits: object) -> str:
    with pytest.raises(UnreadableDocumentError) as caught:
        await _read(url, **limits)
    return str(caught.value)


async def test_a_document_is_downloaded_with_its_name_and_format() -> None:
    with web(bill=_send(b"invoice", Content_Type="text/html; charset=utf-8")) as base:
        content = await _read(f"{base}/bill.php?id=7")
    assert (content.data, content.name, content.format) == (b"invoice", "bill.php", "html")


async def test_a_vague_content_type_leaves_the_format_to_the_address() -> None:
    with web(bill=_send(b"invoice", Content_Type="application/octet-stream")) as base:
        assert (await _read(f"{base}/bill.md")).format == "md"


async def test_a_content_type_is_vague_in_any_case() -> None:
    with web(bill=_send(b"invoice", Content_Type="Text/Plain")) as base:
        assert (await _read(f"{base}/bill.md")).format == "md"


async def test_a_private_address_is_refused_unless_allowed() -> None:
    with web(bill=_send(b"invoice")) as base:
        assert "allow_private=True" in await _told(f"{base}/bill", allow_private=False)
        for host in ("localhost", "[::1]", "0.0.0.0", "[::ffff:127.0.0.1]", "2130706433", "127.1"):
            told = await _told(f"http://{host}:{base.rpartition(':')[2]}/bill", allow_private=False)
            assert "private address" in told or "not found" in told


async def test_redirects_are_followed_and_checked_like_the_first_address(monkeypatch: pytest.MonkeyPatch) -> None:
    with web(a=_send(b"", status=302, Location="/b"), b=_send(b"invoice")) as base:
        assert (await _read(f"{base}/a")).data == b"invoice"
        # The first hop passes as public, so that it is the second that must be refused: loopback cannot be public.
        port = base.rpartition(":")[2]
        checks: list[str] = []

        def public_once(address: str) -> bool:
            checks.append(address)
            return len(checks) == 1

        monkeypatch.setattr(public_addresses, "is_public", public_once)
        assert "private address" in await _told(f"http://127.0.0.1:{port}/a", allow_private=False)
        assert checks == ["127.0.0.1", "127.0.0.1"]


async def test_endless_redirects_end() -> None:
    with web(a=_send(b"", status=302, Location="/a")) as base:
        assert "redirected more than 5 times" in await _told(f"{base}/a")


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://127.0.0.1/x"])
async def test_a_redirect_to_another_scheme_is_refused(location: str) -> None:
    with web(a=_send(b"", status=302, Location=location)) as base:
        assert "not an http or https address" in await _told(f"{base}/a")


async def test_a_download_over_its_size_is_cut_short() -> None:
    with web(a=_send(b"x" * 5000)) as base:
        assert "more than 1,000 bytes" in await _told(f"{base}/a", max_bytes=1000)


async def test_the_size_counts_after_decompression() -> None:
    with web(a=_send(gzip.compress(b"x" * 10_000_000), Content_Encoding="gzip")) as base:
        assert "more than 1,000,000 bytes" in await _told(f"{base}/a", max_bytes=1_000_000)


async def test_a_download_over_its_time_ends() -> None:
    with web(a=_drip) as base:
        assert "took more than 0.2 s" in await _told(f"{base}/a", timeout=0.2)


async def test_an_error_answer_is_no_document() -> None:
    with web(a=_send(b"no", status=404)) as base:
        assert "HTTP status 404" in await _told(f"{base}/a?token=hush")
        assert "hush" not in await _told(f"{base}/a?token=hush")


@pytest.mark.parametrize(
    "url", ["", "no address", "ftp://example.test/a", "http://", "http://no-such-host.invalid/a", "http://[bad/"]
)
async def test_what_is_no_address_is_a_clear_error(url: str) -> None:
    assert await _told(url)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://host.invalid:TOPSECRET/a", "the address cannot be read"),
        ("http://[::1:TOPSECRET/a", "the address cannot be read"),
        ("http://[TOPSECRET]/", "the address cannot be read"),
        ("http://127.0.0.1/\x00TOPSECRET", "the address cannot be read"),
        ("\ud83dTOPSECRET", "the address cannot be read"),
        ("http://me:TOPSECRET@127.0.0.1:99999/a?TOPSECRET", "http://127.0.0.1:99999/a names a port that is not"),
        ("http://127.0.0.1:0/a?TOPSECRET", "http://127.0.0.1:0/a names a port that is not"),
        ("ftp://127.0.0.1/a?TOPSECRET", "ftp://127.0.0.1/a is not an http or https address"),
    ],
)
async def test_what_is_wrong_with_an_address_is_not_quoted(url: str, expected: str) -> None:
    with pytest.raises(UnreadableDocumentError) as caught:
        await download(url, DownloadLimits(allow_private=True))
    assert str(caught.value).startswith(expected)
    assert "TOPSECRET" not in str(caught.value)
    assert caught.value.__suppress_context__  # the library's own error quotes what is wrong


async def test_no_log_holds_a_query_a_user_a_redirect_or_a_cookie(caplog: pytest.LogCaptureFixture) -> None:
    secrets = ("SIGNATURE", "PASSWORD", "ELSEWHERE", "COOKIE", "SECRET_REASON")
    pages = {
        "a": _send(b"", status=302, Location="/b?X-Amz-Signature=ELSEWHERE", Set_Cookie="session=COOKIE"),
        "b": _send(b"invoice"),
        "broken": lambda handler: handler.wfile.write(b"HTTP/1.1 200 OK\r\nSECRET_REASON\x00\r\n\r\n"),
    }
    with caplog.at_level(logging.DEBUG), web(**pages) as base:
        address = base.replace("//", "//user:PASSWORD@")
        assert (await _read(f"{address}/a?X-Amz-Signature=SIGNATURE")).data == b"invoice"
        told = await _told(f"{address}/broken?X-Amz-Signature=SIGNATURE")
    assert "receive_response_headers.complete" in caplog.text  # the most talkative level is on
    assert [secret for secret in secrets if secret in caplog.text + told] == []


async def test_an_addresses_user_is_told_to_its_own_host_only() -> None:
    seen: list[str | None] = []

    def page(handler: BaseHTTPRequestHandler) -> None:
        seen.append(handler.headers["Authorization"])
        away = f"http://localhost:{handler.server.server_address[1]}/b"
        _send(b"x", status=302, Location=away)(handler) if handler.path == "/a" else _send(b"x")(handler)

    with web(a=page, b=page) as base:
        await _read(base.replace("//", "//me:word@") + "/a")
    assert seen == [f"Basic {base64.b64encode(b'me:word').decode()}", None]


@pytest.mark.parametrize("status", [300, 304])
async def test_a_redirect_to_nowhere_is_an_error_answer(status: int) -> None:
    with web(a=_send(b"", status=status)) as base:
        assert f"HTTP status {status}" in await _told(f"{base}/a")


async def test_a_redirect_that_is_no_address_is_blamed_and_not_quoted() -> None:
    with web(a=_send(b"", status=302, Location="http://[TOPSECRET/")) as base:
        told = await _told(f"{base}/a")
    assert "/a redirects to what is not an address" in told
    assert "TOPSECRET" not in told


async def test_the_next_address_is_tried_where_one_cannot_be_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve = socket.getaddrinfo

    def two(host: Any, port: Any, *args: Any, **options: Any) -> Any:
        # No name of loopback has two addresses everywhere; nothing listens on the first.
        hosts = ("127.0.0.2", "127.0.0.1") if host == "two.test" else (host,)
        return [entry for each in hosts for entry in resolve(each, port, *args, **options)]

    monkeypatch.setattr(socket, "getaddrinfo", two)
    with web(a=_send(b"invoice")) as base:
        port = base.rpartition(":")[2]
        assert (await _read(f"http://two.test:{port}/a")).data == b"invoice"
        assert "private address 127.0.0.2" in await _told(f"http://two.test:{port}/a", allow_private=False)
    assert "failed: " in await _told(f"http://two.test:{port}/a")


@pytest.mark.parametrize(
    "limits",
    [{"timeout": -1}, {"timeout": 0}, {"timeout": math.nan}, {"timeout": "1"}, {"max_bytes": -1}, {"max_bytes": 1.5}],
)
def test_limits_that_cannot_work_are_refused_by_name(limits: dict[str, Any]) -> None:
    with pytest.raises(InvalidOptionError, match=f"{next(iter(limits))} is "):
        Source.url("https://example.test/a", **limits)


async def test_certificates_that_cannot_be_read_are_a_clear_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    certificates = tmp_path / "certificates.pem"
    certificates.write_text("no certificate")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates))
    assert "https://127.0.0.1/a failed: [X509" in await _told("https://127.0.0.1/a?TOPSECRET")


def test_a_document_on_the_web_is_classified_like_any_other(rules: list[Rule]) -> None:
    with (
        web(bill=_send(b"Invoice number 7, line items, tax, total amount due", Content_Type="text/plain")) as base,
        Classifier(rules, backend="local") as classifier,
    ):
        outcome = classifier.classify(Source.url(f"{base}/bill.txt", allow_private=True))
    assert (outcome.type, outcome.source_name) == ("invoice", "bill.txt")
