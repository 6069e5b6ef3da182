"""What was asked for, in each store's own words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from classify_core.errors import MissingExtraError

if TYPE_CHECKING:
    from qdrant_client import models

    from classify_core.filtering import LabelFilter

_PLAIN_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")


def operators(wanted: LabelFilter) -> dict[str, Any]:
    """The filter as a dict of operators, which Chroma and both PostgreSQL stores understand alike."""
    types = list(wanted.types)
    of_type = {wanted.type_key: {"$eq": types[0]} if len(types) == 1 else {"$in": types}}
    if wanted.min_confidence is None:
        return of_type
    return {"$and": [of_type, {wanted.confidence_key: {"$gte": wanted.min_confidence}}]}


def qdrant(wanted: LabelFilter, metadata_key: str) -> models.Filter:
    """The filter as a model of Qdrant's client.

    Args:
        wanted: the labels asked for.
        metadata_key: where a point's payload holds the metadata.

    Raises:
        MissingExtraError: the client is not installed.
    """
    try:
        from qdrant_client import models  # noqa: PLC0415 - only who asks Qdrant needs it
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "qdrant_client":
            raise
        raise MissingExtraError(
            "filters for Qdrant need its client; install it with: pip install langchain-qdrant"
        ) from error
    # A dot or a space in a path has a meaning of its own, unless quoted.
    parent = metadata_key if _PLAIN_KEY.fullmatch(metadata_key) else f'"{metadata_key}"'
    of_type = models.FieldCondition(key=f"{parent}.{wanted.type_key}", match=models.MatchAny(any=list(wanted.types)))
    if wanted.min_confidence is None:
        return models.Filter(must=[of_type])
    sure = models.FieldCondition(key=f"{parent}.{wanted.confidence_key}", range=models.Range(gte=wanted.min_confidence))
    return models.Filter(must=[of_type, sure])
