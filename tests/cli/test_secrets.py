"""No key and no webhook's secret is ever told."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import RULE_TEXT, Program
from tests.service import ClassifyService

SECRET = "sign-with-Zx9!tell-nobody"
WEBHOOK = "--webhook-configuration"
CREATE = ("classifier:jobs", "create", "--file-id", "f", "--rule", RULE_TEXT)


@pytest.mark.parametrize(
    "flags",
    [
        [WEBHOOK, f"{{webhook-url: 'ftp://a.test', webhook-signing-secret: '{SECRET}'}}"],
        [WEBHOOK, f"{{webhook-signing-secret:{SECRET}}}"],
        [WEBHOOK, f"{{webhook-signing-secret: !{SECRET}}}"],
        [WEBHOOK, f"{{webhook-signing-secret: *{SECRET}}}"],
        [WEBHOOK, f"{{webhook-signing-secret: !!int {SECRET}}}"],
        [WEBHOOK, f"{{webhook-signing-secret: [{SECRET}]}}"],
        [WEBHOOK, f"{{webhook-signing-secret: {SECRET}, webhook-signing-secret: {SECRET}}}"],
        [WEBHOOK, f"{SECRET}"],
        [f"{WEBHOOK}.webhook-signing-secret", SECRET, f"{WEBHOOK}.webhook-url", "ftp://a.test"],
        [f"{WEBHOOK}.webhook-headers", f"{{Authorization:{SECRET}}}"],
        [f"{WEBHOOK}.webhook-headers", f"{{Authorization: *{SECRET}}}"],
        [f"{WEBHOOK}.webhook-headers", f"Authorization: {SECRET}: x"],
    ],
)
def test_a_webhook_that_cannot_be_read_is_not_quoted(classify: Program, flags: list[str]) -> None:
    ended = classify(*CREATE, *flags, "--debug")
    assert ended.code == 2
    assert "Zx9" not in ended.out + ended.err


def test_what_the_service_repeats_of_a_secret_is_masked(service: ClassifyService, classify: Program) -> None:
    headers = "{Authorization: Bearer header-Zx9}"
    body = {"detail": f"{service.api_key} may not sign with {SECRET} and Bearer header-Zx9"}
    service.fail_next("POST *", status=403, body=body)
    ended = classify(
        *[*CREATE, f"{WEBHOOK}.webhook-url", "https://a.test", f"{WEBHOOK}.webhook-signing-secret", SECRET],
        *[f"{WEBHOOK}.webhook-headers", headers, "--debug", "--api-key", service.api_key],
    )
    assert ended.code == 3
    assert "may not sign with **********" in ended.err
    for secret in (service.api_key, SECRET, "header-Zx9"):
        assert secret not in ended.out + ended.err


def test_a_key_and_a_signing_secret_are_read_from_files(
    service: ClassifyService, classify: Program, tmp_path: Path
) -> None:
    key, secret = tmp_path / "key", tmp_path / "secret"
    key.write_text(f"{service.api_key}\n")
    secret.write_text(f"{SECRET}\n")
    file_id = service.add_file("invoice.txt", b"an invoice")
    ended = classify(
        *["--api-key", f"@{key}", "classifier:jobs", "create", "--file-id", file_id, "--rule", RULE_TEXT],
        *[f"{WEBHOOK}.webhook-url", "https://a.test", f"{WEBHOOK}.webhook-signing-secret", f"@{secret}"],
        LLAMA_CLOUD_API_KEY=None,
    )
    assert ended.code == 0, ended.err
    [request] = service.requests
    assert request.json["webhook_configurations"][0]["webhook_signing_secret"] == SECRET


def test_a_key_with_what_no_header_can_carry_is_not_repeated(classify: Program) -> None:
    ended = classify("list", "--api-key", "llx-Zx9 tell", "--debug")
    assert ended.code == 3
    assert "Zx9" not in ended.err


def test_debug_tells_no_key(service: ClassifyService, classify: Program) -> None:
    ended = classify("list", "--api-key", service.api_key, "--debug")
    assert ended.err.startswith("GET /api/v2/classify 200 ")
    assert service.api_key not in ended.out + ended.err
