"""What every test runs in: no key, no proxy, and no way beyond loopback."""

from __future__ import annotations

import importlib.util
import ipaddress
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from classify_core import Rule
from tests.service import ClassifyService

_VARIABLES = (
    "LLAMA_CLOUD_API_KEY",
    "LLAMA_PARSE_API_KEY",
    "LLAMA_CLOUD_BASE_URL",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
)


def _is_loopback(host: object) -> bool:
    if host in {None, "", "localhost"}:
        return True
    try:
        return ipaddress.ip_address(str(host).partition("%")[0]).is_loopback
    except ValueError:
        return str(host).endswith((".localhost", ".invalid", ".test"))  # names that never resolve elsewhere


def _refuse_the_outside(event: str, args: tuple[Any, ...]) -> None:
    """An accidental call to the outside fails loudly, from whatever thread and library in Python it comes."""
    if event == "socket.getaddrinfo" and not _is_loopback(args[0]):
        raise PermissionError(f"a test tried to resolve {args[0]!r}")
    if event in {"socket.connect", "socket.sendto"} and isinstance(args[1], tuple) and not _is_loopback(args[1][0]):
        raise PermissionError(f"a test tried to reach {args[1]!r}")


sys.addaudithook(_refuse_the_outside)

# LlamaIndex 0.13 downloads its language data, which it also ships, unless it finds it in its cache folder.
_llama_index = importlib.util.find_spec("llama_index.core")
if _llama_index is not None and _llama_index.origin is not None:
    os.environ["LLAMA_INDEX_CACHE_DIR"] = str(Path(_llama_index.origin).parent)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in _VARIABLES:
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def rules() -> list[Rule]:
    return [
        Rule(type="invoice", description="A bill with an invoice number, line items, tax and the total amount due."),
        Rule(type="recipe", description="A cooking recipe with ingredients, quantities and steps of preparation."),
    ]


@pytest.fixture
def service() -> Iterator[ClassifyService]:
    with ClassifyService() as running:
        yield running
