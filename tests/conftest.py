"""What every test runs in: no key, no proxy, and no way beyond loopback."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from classify_core import Rule
from tests.guard import sitecustomize
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


# An accidental call to the outside fails loudly, here and in each process that a test begins.
GUARD = str(Path(sitecustomize.__file__).parent)
os.environ["PYTHONPATH"] = os.pathsep.join([GUARD, *filter(None, [os.environ.get("PYTHONPATH")])])

# A shell that runs the tests in the background has them, and all that they begin, ignore Ctrl-C; some of them send it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# All in-memory Chroma clients of a process must have the same settings, those of the documentation's examples too.
os.environ["ANONYMIZED_TELEMETRY"] = "False"

# LlamaIndex 0.13 downloads its language data, which it also ships, unless it finds it below this folder.
_llama_index = importlib.util.find_spec("llama_index.core")
if _llama_index is not None and importlib.metadata.version("llama-index-core").startswith("0.13."):
    os.environ["NLTK_DATA"] = str(Path(str(_llama_index.origin)).parent)


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
