"""Metadata filters by type and confidence, in the dialect of the vector store that is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from classify_core.filtering import label_filter
from langchain_classify.filtering.stores import dialect_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from classify_core.models import Rule


def type_filter(
    types: str | Iterable[str],
    *,
    store: object,
    rules: Iterable[Rule | Mapping[str, Any]] | None = None,
    min_confidence: float | None = None,
    prefix: str = "classify_",
) -> Any:
    """A filter that lets a vector store find documents of these types only.

        retriever = store.as_retriever(search_kwargs={"filter": type_filter("invoice", store=store)})

    | store | filter | joined with one of your own |
    | --- | --- | --- |
    | `InMemoryVectorStore`, `"memory"` | a function of a document | `lambda one: ours(one) and yours(one)` |
    | `Chroma`, `"chroma"` | a dict | `{"$and": [ours, yours]}` |
    | `QdrantVectorStore`, `"qdrant"` | a `models.Filter` | `models.Filter(must=[ours, yours])` |
    | `PGVector`, `PGVectorStore`, `"pgvector"` | a dict | `{"$and": [ours, yours]}` |

    By name, Qdrant's metadata is sought under `metadata`; a store itself tells its `metadata_payload_key`. A document
    that could not be classified has no type, so no filter finds it.

    Args:
        types: a type or several; `"uncategorized"` finds what no rule matched and what was withheld.
        store: the vector store, or one of the names above.
        rules: those that the documents were labelled by: a type that none of them produces is an error then, and not
            a filter that finds nothing.
        min_confidence: 0.0 to 1.0; the label must have at least this. None asks for none.
        prefix: of the metadata keys that the documents were labelled under.

    Raises:
        InvalidOptionError: there is no type, one that no rule produces (the message tells the near matches), a store
            that is not known, or another argument cannot work.
        InvalidRulesError: the rules break a limit.
        MissingExtraError: a filter for Qdrant was asked for where its client is not installed.
    """
    wanted = label_filter(types, rules=rules, min_confidence=min_confidence, prefix=prefix)
    return dialect_of(store)(wanted)
