"""Examples of a component as plain data: files by their path, anything else by a reference that shows no text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from classify_core.errors import InvalidOptionError
from classify_core.learning import ExamplesLike
from classify_core.source import Source, SourceLike

WrittenExamples = dict[str, list[dict[str, Any]]]
"""By type; each is `{"path": ...}`, or what a log may know of it."""


def written_examples(examples: ExamplesLike | None) -> WrittenExamples | None:
    """What a framework may store, compare and show of examples; equal for equal ones."""
    if examples is None:
        return None
    return {name: [_written(Source.of(source)) for source in sources] for name, sources in examples.items()}


def can_be_read_again(examples: ExamplesLike | None) -> bool:
    """Whether what is written of examples makes them again: whether all of them are files."""
    given = (Source.of(source) for sources in (examples or {}).values() for source in sources)
    return all(source.kind == "path" for source in given)


def examples_again(given: Any) -> Any:
    """Examples as they were given, where `given` is what was written of them; anything else as it is.

    Raises:
        InvalidOptionError: some were no files, and so were not written.
    """
    if not isinstance(given, Mapping):
        return given
    return {name: _each_again(name, sources) for name, sources in given.items()}


def _each_again(name: str, sources: Iterable[SourceLike | Mapping[str, Any]]) -> Any:
    if not isinstance(sources, list):
        return sources
    return [_again(name, source) if isinstance(source, Mapping) else source for source in sources]


def _again(name: str, written: Mapping[str, Any]) -> Path:
    if "path" not in written:
        raise InvalidOptionError(
            f"an example of {name!r} was a {written.get('kind')}, which is never written; pass examples= again, or "
            "keep what was learned with Classifier.save() and load() it"
        )
    return Path(written["path"])


def _written(source: Source) -> dict[str, Any]:
    return {"path": str(source.value)} if source.kind == "path" else source.reference
