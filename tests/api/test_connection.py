from __future__ import annotations

from typing import Any

import pytest
from pydantic import SecretStr

from classify_core.api import (
    AsyncClassifyClient,
    ClassifyClient,
    find_api_key,
    region_name,
    resolve_api_key,
    resolve_base_url,
)
from classify_core.api.connection import EU_URL, US_URL, is_loopback
from classify_core.errors import AuthenticationError, InvalidOptionError

KEY = "llx-0123456789abcdef"


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("us", US_URL),
        ("na", US_URL),
        ("EU", EU_URL),
        (" eu ", EU_URL),
        ("api.cloud.eu.llamaindex.ai", EU_URL),
        ("classify.example.com:8443", "https://classify.example.com:8443"),
        ("localhost:8000", "https://localhost:8000"),
        ("http://localhost:8000/", "http://localhost:8000"),
        ("https://example.com/llama//", "https://example.com/llama"),
        ("HTTPS://example.com", "https://example.com"),
        ("http://[::1]:80", "http://[::1]:80"),
    ],
)
def test_a_region_or_an_address_says_where_the_service_is(given: Any, address: str) -> None:
    assert resolve_base_url(given) == address


@pytest.mark.parametrize(
    "given",
    [
        "",
        "https://",
        "ftp://example.com",
        "file:///etc/passwd",
        "https://example.com?key=secret",
        "https://example.com#secret",
        "https://user:secret@example.com",
        "user:secret@example.com",
        "https://exa mple.com",
        "https://example.com:secret",
        "https://example.com:0",
        "https://example.com:99999",
        "https://[secret",
        "https://xn--secret-\u2028.com",
    ],
)
def test_an_address_that_cannot_work_is_refused_without_its_secrets(
    given: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InvalidOptionError, match="base_url") as refused:
        resolve_base_url(given)
    assert "secret" not in str(refused.value)
    assert refused.value.__cause__ is None or "secret" not in repr(refused.value.__cause__)


def test_the_environment_says_where_unless_an_argument_does(monkeypatch: pytest.MonkeyPatch) -> None:
    assert resolve_base_url(None) == US_URL
    monkeypatch.setenv("LLAMA_CLOUD_BASE_URL", "")
    assert resolve_base_url(None) == US_URL
    monkeypatch.setenv("LLAMA_CLOUD_BASE_URL", "eu")
    assert resolve_base_url(None) == EU_URL
    assert resolve_base_url("us") == US_URL
    monkeypatch.setenv("LLAMA_CLOUD_BASE_URL", "ftp://x")
    with pytest.raises(InvalidOptionError, match="LLAMA_CLOUD_BASE_URL"):
        resolve_base_url(None)


def test_a_region_has_a_name_and_an_own_deployment_its_host() -> None:
    assert [region_name(resolve_base_url(given)) for given in ("us", "eu", "http://x.example:8")] == [
        "us",
        "eu",
        "x.example:8",
    ]


@pytest.mark.parametrize(
    ("address", "is_own"),
    [
        ("http://127.0.0.1:8", True),
        ("http://[::1]:8", True),
        ("http://localhost", True),
        ("http://api.localhost", True),
        (US_URL, False),
        ("http://10.0.0.1", False),
        ("http://localhost.example.com", False),
    ],
)
def test_only_this_machine_is_loopback(address: str, *, is_own: bool) -> None:
    assert is_loopback(address) is is_own


def test_the_key_is_the_arguments_then_the_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_api_key() is None
    monkeypatch.setenv("LLAMA_PARSE_API_KEY", "llx-second")
    assert resolve_api_key().get_secret_value() == "llx-second"
    monkeypatch.setenv("LLAMA_CLOUD_API_KEY", "llx-first\n")
    assert resolve_api_key().get_secret_value() == "llx-first"
    assert resolve_api_key(KEY).get_secret_value() == KEY
    assert resolve_api_key(SecretStr(KEY)).get_secret_value() == KEY
    monkeypatch.setenv("LLAMA_CLOUD_API_KEY", "")
    assert resolve_api_key().get_secret_value() == "llx-second"


@pytest.mark.parametrize("client", [ClassifyClient, AsyncClassifyClient])
def test_a_missing_key_is_answered_with_what_to_set(client: Any) -> None:
    with pytest.raises(AuthenticationError, match="LLAMA_CLOUD_API_KEY") as missing:
        client()
    assert missing.value.status is None


@pytest.mark.parametrize("key", ["", "llx secret", "llx-secret\n", "llx-secret\x00", "llx-sécret", " llx-secret"])
def test_a_malformed_key_is_refused_without_being_shown(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AuthenticationError) as refused:
        ClassifyClient(api_key=key)
    assert "cret" not in str(refused.value)
    with pytest.raises(AuthenticationError):
        ClassifyClient(api_key=SecretStr(key))


def test_a_malformed_key_in_the_environment_is_refused_under_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLAMA_PARSE_API_KEY", "two words")
    with pytest.raises(AuthenticationError, match="LLAMA_PARSE_API_KEY"):
        ClassifyClient()


@pytest.mark.parametrize(
    "options",
    [
        {"timeout": 0},
        {"timeout": -1.0},
        {"timeout": float("nan")},
        {"max_retries": -1},
        {"max_retries": 1.5},
        {"max_retries": True},
        {"base_url": "ftp://x"},
        {"base_url": 7},
        {"timeout": "60"},
        {"timeout": float("inf")},
    ],
)
@pytest.mark.parametrize("client", [ClassifyClient, AsyncClassifyClient])
def test_an_option_that_cannot_work_is_refused(client: Any, options: dict[str, Any]) -> None:
    with pytest.raises(InvalidOptionError):
        client(api_key=KEY, **options)
