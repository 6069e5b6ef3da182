"""What the LangChain tests share: a tracer that keeps everything, reloading, and a backend that can be held back."""

from __future__ import annotations

import asyncio
import inspect
import warnings
from typing import TYPE_CHECKING, Any

from langchain_core._api.beta_decorator import LangChainBetaWarning
from langchain_core.documents import Document
from langchain_core.load import dumps, loads
from langchain_core.tracers.base import BaseTracer

from classify_core import ClassifyError
from tests.backends import ScriptedBackend

if TYPE_CHECKING:
    from langchain_core.tracers.schemas import Run

# The oldest versions of langchain-core that are supported allow any class of an allowed namespace.
TAKES_ALLOWED_OBJECTS = "allowed_objects" in inspect.signature(loads).parameters

# Words of a document that no reasoning quotes.
SECRET_WORDS = "zanzibar quixotic"
INVOICE_TEXT = f"invoice number 7, line items, tax, total amount due. {SECRET_WORDS}"
RECIPE_TEXT = f"recipe: ingredients, quantities, steps of preparation, cooking. {SECRET_WORDS}"
INVOICE_DOCUMENT = Document(page_content=INVOICE_TEXT, metadata={"source": "acme.pdf"})
RECIPE_DOCUMENT = Document(page_content=RECIPE_TEXT, metadata={"source": "cake.pdf"})


class Recorder(BaseTracer):
    """Keeps the runs, each with all it was told."""

    def __init__(self) -> None:
        super().__init__()
        self.runs: list[Run] = []

    def _persist_run(self, run: Run) -> None:
        self._keep(run)

    def _keep(self, run: Run) -> None:
        self.runs.append(run)
        for child in run.child_runs:
            self._keep(child)

    def named(self, name: str) -> list[Run]:
        return [run for run in self.runs if run.name == name]

    def told(self, *names: str) -> str:
        """All that the runs of these names (all runs where none is named) were told, as text."""
        return "\n".join(
            repr((run.inputs, run.outputs, run.error, run.extra, run.serialized, run.events, run.tags))
            for run in self.runs
            if not names or run.name in names
        )


def run(face: str, component: Any, name: str, *args: Any, **options: Any) -> Any:
    """Calls a method of a component, or its asynchronous twin."""
    if face == "async":
        return asyncio.run(getattr(component, f"a{name}")(*args, **options))
    return getattr(component, name)(*args, **options)


def fails_on(word: str, error: type[ClassifyError] = ClassifyError) -> ScriptedBackend:
    """A backend that fails on texts with a word in them."""
    return ScriptedBackend(lambda text: error(f"no {word} here") if word in text else None)


def reloaded(component: Any, **options: Any) -> Any:
    """The component after a round trip through LangChain's serialisation."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LangChainBetaWarning)  # `loads` is in beta for all
        if TAKES_ALLOWED_OBJECTS:
            options.setdefault("allowed_objects", [type(component)])
        options.setdefault("valid_namespaces", ["langchain_classify"])
        return loads(dumps(component), **options)
