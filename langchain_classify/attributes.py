"""Tells a self-query retriever's language model of types and confidence, so that it makes filters of questions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from classify_core.errors import MissingExtraError
from classify_core.filtering import label_attributes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from langchain_classic.chains.query_constructor.schema import AttributeInfo

    from classify_core.models import Rule

# The words of LangChain's own examples in the prompt.
_TYPE_NAMES: Final = {str: "string", float: "float"}
# Without it LangChain reads a whole number, which PGVectorStore can compare with whole numbers only.
_WITH_A_POINT: Final = " Write it with a decimal point: 0.8, or 1.0."


def attribute_info(rules: Iterable[Rule | Mapping[str, Any]], *, prefix: str = "classify_") -> list[AttributeInfo]:
    """Describes labelled documents to a `SelfQueryRetriever`.

        retriever = SelfQueryRetriever.from_llm(llm, store, "Business documents", attribute_info(rules))

    The model is told of `classify_type`, with all types and what each means, and of `classify_confidence`. Descriptions
    share 4,000 characters: many rules shorten them, and above 200 rules the names stand alone. It is a list, to which
    you add what describes further keys of your own.

    Args:
        rules: those that the documents were labelled by.
        prefix: of the metadata keys that the documents were labelled under.

    Raises:
        InvalidOptionError: a rule cannot be told from no match, or the prefix cannot work.
        InvalidRulesError: the rules break a limit.
        MissingExtraError: langchain-classic, where self-querying lives, is not installed.
    """
    of_type, of_confidence = label_attributes(rules, prefix=prefix)
    described = _attribute_info_class()
    return [
        described(name=of_type.key, type=_TYPE_NAMES[of_type.value_type], description=of_type.description),
        described(
            name=of_confidence.key,
            type=_TYPE_NAMES[of_confidence.value_type],
            description=of_confidence.description + _WITH_A_POINT,
        ),
    ]


def _attribute_info_class() -> type[AttributeInfo]:
    try:
        from langchain_classic.chains.query_constructor.schema import (  # noqa: PLC0415 - only self-querying needs it
            AttributeInfo,
        )
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "langchain_classic":
            raise
        raise MissingExtraError(
            "attribute_info needs langchain-classic, where SelfQueryRetriever lives; install it with: "
            "pip install langchain-classic lark"
        ) from error
    return AttributeInfo
