from __future__ import annotations

from typing import Any

import pytest

from classify_core.server.problems import ProblemError
from classify_core.server.webhooks.endpoints import MAX_HEADERS, check

GOOD = {"webhook_url": "https://example.test/hook?token=abc"}


def _refused(endpoint: dict[str, Any], *, allow_private: bool = False) -> list[tuple[str, str]]:
    """The fields that are refused and why."""
    with pytest.raises(ProblemError) as caught:
        check(endpoint, allow_private=allow_private)
    assert caught.value.status == 422
    assert "SECRET" not in str(caught.value.detail)
    assert all(set(fault) == {"loc", "msg", "type"} for fault in caught.value.detail)
    return [(fault["loc"][-1], fault["msg"]) for fault in caught.value.detail]


@pytest.mark.parametrize(
    "endpoint",
    [
        {},
        {"webhook_url": None},
        GOOD,
        {"webhook_url": "http://93.184.216.34:8080"},
        GOOD | {"webhook_events": None},
        GOOD | {"webhook_events": ["classify.success", "parse.success", "unmapped_event"]},
        GOOD | {"webhook_headers": {"Authorization": "Bearer sk-1", "X_Y.z": "a\tb c", "Empty": ""}},
        GOOD | {"webhook_output_format": "json"},
        GOOD | {"webhook_output_format": "string"},
        GOOD | {"webhook_signing_secret": "sécret"},
    ],
)
def test_a_good_endpoint_is_taken(endpoint: dict[str, Any]) -> None:
    check(endpoint, allow_private=False)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "no address",
        "ftp://example.test/SECRET",
        "file:///SECRET",
        "http:SECRET",
        "http://",
        "//example.test/SECRET",
        "http://[SECRET]/",
        "http://example.test:0/SECRET",
        "http://example.test:99999/SECRET",
        "https://user:SECRET@example.test/",
        "https://SECRET@example.test/",
        "https://example.test/\r\nSECRET: 1",
    ],
)
def test_what_is_no_address_or_names_a_user_is_refused_and_not_quoted(address: str) -> None:
    [(field, message)] = _refused({"webhook_url": address}, allow_private=True)
    assert field == "webhook_url"
    assert message.startswith("the address ")


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LocalHost.",
        "anything.localhost",
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.0.0.1",
        "017700000001",
        "0.0.0.0",
        "0",
        "10.0.0.1",
        "192.168.0.1",
        "169.254.169.254",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:a9fe:a9fe]",
        "[fe80::1]",
        "[fd00::1]",
        "[64:ff9b::7f00:1]",
    ],
)
def test_a_private_address_is_refused_unless_allowed(host: str) -> None:
    endpoint = {"webhook_url": f"http://{host}:8080/SECRET"}
    assert _refused(endpoint) == [("webhook_url", "the address is private, and webhooks are sent to public ones only")]
    check(endpoint, allow_private=True)


@pytest.mark.parametrize("events", [[], (), ["classify.completed"], ["classify.success", "classify.sucess"]])
def test_no_events_and_events_of_ours_that_do_not_exist_are_refused(events: Any) -> None:
    [(field, _)] = _refused(GOOD | {"webhook_events": events})
    assert field == "webhook_events"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-A", "SECRET\r\nX-B: 1"),
        ("X-A", "SECRET\n"),
        ("X-A", "SECRET\r"),
        ("X-A", "SECRET\x00"),
        ("X-A", "SECRET\x7f"),
        ("X-A", "SECRET "),
        ("X-A", "\tSECRET"),
        ("X-A", "SECRÉT SECRET"),
        ("X-A", "SECRET\u2028"),
        ("X-A", 5),
        ("X-A", None),
        ("X-A", ["SECRET"]),
        ("", "SECRET"),
        ("X A", "SECRET"),
        ("X-A:", "SECRET"),
        ("X-A\r\nX-SECRET", "1"),
        ("X-A\n", "SECRET"),
        ("X-SECRÉT-SECRET", "1"),
        ("SECRET Bearer", "1"),
    ],
)
def test_headers_that_would_break_out_of_their_line_are_refused_and_not_quoted(name: str, value: Any) -> None:
    [(field, _)] = _refused(GOOD | {"webhook_headers": {name: value}})
    assert field == "webhook_headers"


@pytest.mark.parametrize(
    "name",
    [
        "Host",
        "content-length",
        "TRANSFER-ENCODING",
        "Content-Encoding",
        "Content-Type",
        "Connection",
        "Keep-Alive",
        "Proxy-Connection",
        "Proxy-Authorization",
        "TE",
        "Trailer",
        "Upgrade",
        "Expect",
        "LC-Signature",
        "x-webhook-event-id",
        "X-Webhook-Anything",
    ],
)
def test_headers_that_frame_the_message_or_are_ours_are_refused(name: str) -> None:
    assert _refused(GOOD | {"webhook_headers": {name: "1"}}) == [
        ("webhook_headers", f"the header {name} is set by the server")
    ]


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({f"X-{number}": "1" for number in range(MAX_HEADERS + 1)}, "more than 50 headers"),
        ({f"X-{number}": "x" * 1000 for number in range(9)}, "more than 8,192 characters"),
        ({"X-A": "SECRET", "x-a": "2"}, "given twice"),
    ],
)
def test_more_headers_than_a_receiver_takes_are_refused(headers: dict[str, str], message: str) -> None:
    [(_, told)] = _refused(GOOD | {"webhook_headers": headers})
    assert message in told


@pytest.mark.parametrize("output_format", ["", "JSON", "xml"])
def test_an_unknown_format_is_refused(output_format: str) -> None:
    [(field, _)] = _refused(GOOD | {"webhook_output_format": output_format})
    assert field == "webhook_output_format"


@pytest.mark.parametrize("secret", ["", "SECRET\ud800"])
def test_a_secret_that_cannot_sign_is_refused_and_not_quoted(secret: str) -> None:
    [(field, _)] = _refused(GOOD | {"webhook_signing_secret": secret})
    assert field == "webhook_signing_secret"


def test_all_faults_of_an_endpoint_are_told_with_their_places() -> None:
    endpoint = {"webhook_url": "http://127.0.0.1/", "webhook_events": [], "webhook_signing_secret": ""}
    with pytest.raises(ProblemError) as caught:
        check(endpoint, allow_private=False, position=2)
    assert [fault["loc"] for fault in caught.value.detail] == [
        ["body", "webhook_configurations", 2, field]
        for field in ("webhook_url", "webhook_events", "webhook_signing_secret")
    ]
