"""How a classification becomes flat document metadata: the only place that knows the keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Final, Literal, TypeAlias, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from classify_core.classification import Classification, Status
from classify_core.errors import ForeignLabelError, InvalidOptionError
from classify_core.models import Rule
from classify_core.validation import told

MetadataKey = Literal["type", "confidence", "reasoning", "status", "error", "backend", "job_id", "rules_id"]
MetadataValue: TypeAlias = str | float

ALL_KEYS: Final[tuple[MetadataKey, ...]] = get_args(MetadataKey)
# Without these a label can neither be read nor told fresh from stale.
REQUIRED_KEYS: Final[frozenset[MetadataKey]] = frozenset({"type", "status", "rules_id"})
UNCATEGORIZED: Final = "uncategorized"
ERROR_LENGTH: Final = 300
_SUCCESSES: Final = frozenset(status.value for status in Status if status.is_success)


class MetadataSchema(BaseModel):
    """Which keys a label has, and who reads them.

    Attributes:
        prefix: in front of each key; several classifiers live side by side under their own prefixes.
        keys: which keys are written; `type`, `status` and `rules_id` always are.
        excluded_from_embedding: keys that an embedding model does not see (LlamaIndex).
        excluded_from_llm: keys that a language model does not see (LlamaIndex).
        no_match_label: the type written where no rule matched or the type was withheld; a string, because most
            vector stores refuse null.
        reasoning_length: characters of reasoning kept; 0 writes none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    prefix: str = Field(default="classify_", pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    keys: tuple[MetadataKey, ...] = ALL_KEYS
    excluded_from_embedding: tuple[MetadataKey, ...] = ALL_KEYS
    excluded_from_llm: tuple[MetadataKey, ...] = tuple(key for key in ALL_KEYS if key != "type")
    no_match_label: str = Field(default=UNCATEGORIZED, min_length=1)
    reasoning_length: int = Field(default=500, ge=0)

    @field_validator("keys")
    @classmethod
    def _required_keys_are_there(cls, keys: tuple[MetadataKey, ...]) -> tuple[MetadataKey, ...]:
        missing = sorted(REQUIRED_KEYS - set(keys))
        if missing:
            raise ValueError(
                f"keys must hold {', '.join(missing)}: without them a label cannot be told fresh from stale"
            )
        return tuple(key for key in ALL_KEYS if key in keys)

    def key(self, key: MetadataKey) -> str:
        """The full name of a key, such as `classify_type`."""
        return self.prefix + key

    @property
    def all_keys(self) -> tuple[str, ...]:
        """The full names of all keys that may stem from a label under this prefix."""
        return _full_names(self.prefix, ALL_KEYS)

    @property
    def embedding_exclusions(self) -> tuple[str, ...]:
        """The full names for LlamaIndex's `excluded_embed_metadata_keys`."""
        return _full_names(self.prefix, self.excluded_from_embedding)

    @property
    def llm_exclusions(self) -> tuple[str, ...]:
        """The full names for LlamaIndex's `excluded_llm_metadata_keys`."""
        return _full_names(self.prefix, self.excluded_from_llm)

    def to_metadata(self, classification: Classification) -> dict[str, MetadataValue]:
        """Turns a classification into flat metadata; a failure writes what failed and never a type."""
        values = _values(classification, self)
        return {self.key(key): values[key] for key in self.keys if key in values}

    def labelled(self, metadata: Mapping[str, Any], label: Mapping[str, MetadataValue]) -> dict[str, Any]:
        """A copy of `metadata` that carries this label and nothing of a former one."""
        former = self.all_keys
        if metadata.keys().isdisjoint(former):  # as most are, of many nodes
            return {**metadata, **label}
        return {key: value for key, value in metadata.items() if key not in former} | dict(label)

    def own_label(self, metadata: Mapping[str, Any]) -> dict[str, MetadataValue] | None:
        """The label that `metadata` carries, if a classifier wrote it with success under whatever rules; else None."""
        if not self._holds_success(metadata):
            return None
        return {key: metadata[key] for key in self.all_keys if key in metadata}

    def _holds_success(self, metadata: Mapping[str, Any]) -> bool:
        # A store may hand back a list or an array, which neither hashes nor compares to one truth.
        rules_id, status = metadata.get(self.key("rules_id")), metadata.get(self.key("status"))
        if not isinstance(rules_id, str) or not isinstance(status, str):
            return False
        return status in _SUCCESSES and isinstance(metadata.get(self.key("type")), (str, int, float))

    def fresh_label(self, metadata: Mapping[str, Any], rules_id: str) -> dict[str, MetadataValue] | None:
        """The same, if it was made under these rules."""
        written = metadata.get(self.key("rules_id"))
        return self.own_label(metadata) if isinstance(written, str) and written == rules_id else None

    def is_foreign(self, metadata: Mapping[str, Any]) -> bool:
        """Whether `metadata` carries a type that somebody else wrote."""
        # A null is what some stores fill a missing key with: neither a type nor a rules ID.
        return metadata.get(self.key("type")) is not None and metadata.get(self.key("rules_id")) is None

    def refuse_foreign_label(self, metadata: Mapping[str, Any], *, name: str | None) -> None:
        """Refuses to overwrite a type that somebody else wrote.

        Raises:
            ForeignLabelError: there is a type without a rules ID.
        """
        if self.is_foreign(metadata):
            raise ForeignLabelError(
                f"its metadata already holds {self.key('type')!r}, which was not written by a classifier; pass "
                "overwrite=True to replace it, or choose another prefix",
                source_name=name,
            )

    def refuse_ambiguous(self, rules: Iterable[Rule] | None) -> None:
        """Refuses rules under which a match would look like no match; None, rules not loaded yet, cannot be checked.

        Raises:
            InvalidOptionError: a rule's type equals `no_match_label` (case is ignored).
        """
        for rule in rules or ():
            if rule.type.casefold() == self.no_match_label.casefold():
                raise InvalidOptionError(
                    f"the rule type {rule.type!r} cannot be told from no match, which is written as "
                    f"{self.no_match_label!r}; rename the rule or give MetadataSchema(no_match_label=...)"
                )

    def type_of(self, label: Mapping[str, Any]) -> str | None:
        """The type a label names, the no-match label included; None where the document could not be classified."""
        value = label.get(self.key("type"))
        return None if value is None else str(value)


def schema_of(prefix: str | None = None, schema: MetadataSchema | None = None) -> MetadataSchema:
    """The metadata keys, given whole or by their prefix.

    Raises:
        InvalidOptionError: both are given, or the prefix cannot be one.
    """
    if prefix is None:
        return MetadataSchema() if schema is None else schema
    if schema is not None:
        raise InvalidOptionError("give prefix= or metadata_schema=, not both")
    try:
        return MetadataSchema(prefix=prefix)
    except ValidationError as error:
        raise InvalidOptionError("; ".join(told(error))) from None


@lru_cache
def _full_names(prefix: str, keys: tuple[MetadataKey, ...]) -> tuple[str, ...]:
    """The names under a prefix; kept, since they are asked for with each of many nodes."""
    return tuple(prefix + key for key in keys)


def _values(classification: Classification, schema: MetadataSchema) -> dict[MetadataKey, MetadataValue]:
    found: dict[MetadataKey, MetadataValue | None] = {
        "status": classification.status.value,
        "backend": classification.backend,
        "job_id": classification.job_id,
        "rules_id": classification.rules_id,
    }
    if classification.status.is_success:
        found["type"] = schema.no_match_label if classification.type is None else classification.type
        found["confidence"] = classification.confidence
        found["reasoning"] = shortened(classification.reasoning, schema.reasoning_length) or None
    else:
        found["error"] = shortened(error_text(classification), ERROR_LENGTH)
    return {key: value for key, value in found.items() if value is not None}


def error_text(classification: Classification) -> str:
    """The error's text; without the number of a nameless document, which is another one in the next run."""
    error = classification.error
    if error is None:
        return ""
    return error.message if classification.source_name is None else str(error)


def shortened(text: str, length: int) -> str:
    """At most `length` characters of `text`, on one line, an ellipsis where something was cut."""
    flat = " ".join(text.split())
    return flat if len(flat) <= length else flat[: max(length - 1, 0)] + "…"[:length]


def selects(type_name: str | None, *, keep: Iterable[str] | None, drop: Iterable[str] | None) -> bool:
    """Whether `keep_types` and `drop_types` let a document through.

    A document that could not be classified (None) is never dropped for its type: only what is known is acted on.
    """
    if type_name is None:
        return True
    if keep is not None and type_name not in keep:
        return False
    return drop is None or type_name not in drop
