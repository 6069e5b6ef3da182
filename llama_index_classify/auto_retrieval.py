"""Tells an auto-retriever's language model of types and confidence, so that it makes filters of questions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from llama_index.core.vector_stores import MetadataInfo, VectorStoreInfo

from classify_core.errors import InvalidOptionError
from classify_core.filtering import label_attributes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from classify_core.models import Rule

CONTENT_INFO: Final = "Documents, each labelled with its type"
# LlamaIndex's own prompt shows two filters on one key for "one or the other", but joins all filters by AND.
_SEVERAL: Final = ' For several types give one filter, with the operator "in" and a list of types.'


def vector_store_info(
    rules: Iterable[Rule | Mapping[str, Any]],
    *,
    content_info: str = CONTENT_INFO,
    metadata_info: Iterable[MetadataInfo] = (),
    prefix: str = "classify_",
) -> VectorStoreInfo:
    """Describes labelled documents to a `VectorIndexAutoRetriever`.

        retriever = VectorIndexAutoRetriever(index, vector_store_info=vector_store_info(rules), llm=llm)

    The model is told of `classify_type`, with all types and what each means, and of `classify_confidence`. Descriptions
    share 4,000 characters: many rules shorten them, and above 200 rules the names stand alone.

    Args:
        rules: those that the documents were labelled by.
        content_info: what the documents are, in your own words.
        metadata_info: further keys of your own that the model may filter on.
        prefix: of the metadata keys that the documents were labelled under.

    Raises:
        InvalidOptionError: `metadata_info` describes one of our keys again, or an argument cannot work.
        InvalidRulesError: the rules break a limit.
    """
    of_type, of_confidence = label_attributes(rules, prefix=prefix)
    ours = [
        MetadataInfo(name=of_type.key, type=of_type.value_type.__name__, description=of_type.description + _SEVERAL),
        MetadataInfo(
            name=of_confidence.key, type=of_confidence.value_type.__name__, description=of_confidence.description
        ),
    ]
    further = list(metadata_info)
    _refuse_described_twice([one.name for one in (*ours, *further)])
    return VectorStoreInfo(content_info=content_info, metadata_info=[*ours, *further])


def _refuse_described_twice(names: list[str]) -> None:
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise InvalidOptionError(f"metadata_info describes {', '.join(repeated)} twice; give each key once")
