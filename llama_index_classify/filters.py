"""Metadata filters by type and confidence, in the one shape that all tested vector stores understand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llama_index.core.vector_stores import FilterOperator, MetadataFilter, MetadataFilters

from classify_core.filtering import label_filter

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from classify_core.filtering import LabelFilter
    from classify_core.models import Rule


def type_filters(
    types: str | Iterable[str],
    *,
    rules: Iterable[Rule | Mapping[str, Any]] | None = None,
    min_confidence: float | None = None,
    prefix: str = "classify_",
) -> MetadataFilters:
    """Filters that let a retriever find documents of these types only.

        retriever = index.as_retriever(filters=type_filters(["invoice", "contract"], min_confidence=0.8))

    They are flat, joined by AND: EQ for one type, IN for several, GTE for the confidence. Tested with the in-memory
    `SimpleVectorStore`, Chroma, Qdrant (local mode) and DuckDB. Keep them flat beside filters of your own, since the
    in-memory store refuses nested ones (Chroma, Qdrant and DuckDB take them):

        MetadataFilters(filters=[*type_filters("invoice").filters, MetadataFilter(key="owner", value="ann")])

    A document that could not be classified has no type, so no filter finds it. Where nothing matches, the in-memory
    store of llama-index-core before 0.13.3 raises an AssertionError instead of finding nothing.

    Args:
        types: a type or several; `"uncategorized"` finds what no rule matched and what was withheld.
        rules: those that the documents were labelled by: a type that none of them produces is an error then, and not
            a filter that finds nothing.
        min_confidence: 0.0 to 1.0; the label must have at least this. None asks for none.
        prefix: of the metadata keys that the documents were labelled under.

    Raises:
        InvalidOptionError: there is no type, one that no rule produces (the message tells the near matches), or another
            argument cannot work.
        InvalidRulesError: the rules break a limit.
    """
    return _translated(label_filter(types, rules=rules, min_confidence=min_confidence, prefix=prefix))


def _translated(wanted: LabelFilter) -> MetadataFilters:
    filters = [_type_filter(wanted.type_key, wanted.types)]
    if wanted.min_confidence is not None:
        filters.append(
            MetadataFilter(key=wanted.confidence_key, value=wanted.min_confidence, operator=FilterOperator.GTE)
        )
    return MetadataFilters(filters=list(filters))


def _type_filter(key: str, types: tuple[str, ...]) -> MetadataFilter:
    # EQ wherever it will do: some stores know no other operator.
    if len(types) == 1:
        return MetadataFilter(key=key, value=types[0], operator=FilterOperator.EQ)
    return MetadataFilter(key=key, value=list(types), operator=FilterOperator.IN)
